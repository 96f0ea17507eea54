/**
 * A byte stream that writes down what is asked of it, and may be made to take nothing.
 */
import type { ByteStream, ByteStreamReceiver } from "#src/transport/index.js";

export class CountingStream implements ByteStream {
  readonly #inner: ByteStream;
  /** Octets of each write. */
  readonly writes: number[] = [];
  isPaused = false;
  isEnded = false;
  isDestroyed = false;
  readonly retainsWrites: boolean;

  /** @param retainsWrites what to say about it. Default: what `inner` says */
  constructor(inner: ByteStream, retainsWrites: boolean = inner.retainsWrites) {
    this.#inner = inner;
    this.retainsWrites = retainsWrites;
  }

  get remoteAddress(): string | undefined {
    return this.#inner.remoteAddress;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  start(receiver: ByteStreamReceiver): void {
    this.#inner.start(receiver);
  }

  write(segments: readonly Uint8Array[]): boolean {
    this.writes.push(segments.reduce((sum, { byteLength }) => sum + byteLength, 0));
    return this.#inner.write(segments);
  }

  pause(): void {
    this.isPaused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#inner.resume();
  }

  end(): void {
    this.isEnded = true;
    this.#inner.end();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.#inner.destroy();
  }
}

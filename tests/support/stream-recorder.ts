/**
 * A receiver that writes down what it hears, and lets a test wait for it.
 */
import type { ByteStreamReceiver } from "#src/transport/index.js";

export type StreamEvent = "received" | "drained" | "ended" | "closed";

export interface RecorderHooks {
  /** Called with each chunk after it was copied. */
  received?(chunk: Uint8Array): void;
  drained?(): void;
  ended?(): void;
  closed?(error: Error | undefined): void;
}

export class StreamRecorder implements ByteStreamReceiver {
  readonly events: StreamEvent[] = [];
  readonly #hooks: RecorderHooks;
  readonly #chunks: Uint8Array[] = [];
  #receivedBytes = 0;
  #waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];
  /** What `streamClosed` was called with. */
  error: Error | undefined;

  constructor(hooks: RecorderHooks = {}) {
    this.#hooks = hooks;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Octets of each chunk. */
  get chunkBytes(): readonly number[] {
    return this.#chunks.map((chunk) => chunk.byteLength);
  }

  /** Everything received. */
  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }

  count(event: StreamEvent): number {
    return this.events.filter((other) => other === event).length;
  }

  /** Resolves when `isMet` holds, which is asked after every event. */
  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isMet, resolve }));
  }

  untilReceived(bytes: number): Promise<void> {
    return this.until(() => this.#receivedBytes >= bytes);
  }

  untilEvent(event: StreamEvent, times = 1): Promise<void> {
    return this.until(() => this.count(event) >= times);
  }

  streamReceived(bytes: Uint8Array, start: number, end: number): void {
    this.#chunks.push(new Uint8Array(bytes.subarray(start, end)));
    this.#receivedBytes += end - start;
    // They are the receiver's to change: what a stream kept of them would be spoiled now.
    bytes.fill(0xee, start, end);
    this.#note("received", () => this.#hooks.received?.(this.#chunks.at(-1) as Uint8Array));
  }

  streamDrained(): void {
    this.#note("drained", () => this.#hooks.drained?.());
  }

  streamEnded(): void {
    this.#note("ended", () => this.#hooks.ended?.());
  }

  streamClosed(error?: Error): void {
    this.error = error;
    this.#note("closed", () => this.#hooks.closed?.(error));
  }

  #note(event: StreamEvent, hook: () => void): void {
    this.events.push(event);
    hook();
    const met = this.#waiters.filter(({ isMet }) => isMet());
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve();
  }
}

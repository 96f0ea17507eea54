/**
 * Two byte streams joined in memory, for tests and for talking to a server in the same process. They behave as TCP on
 * a machine of its own does: octets arrive later, in pieces that need not be the pieces written, a receiver that stops
 * reading stops the writer, and each side ends by itself.
 */
import type { ByteStream, ByteStreamReceiver } from "./byte-stream.js";

/** How a pair behaves. */
export interface MemoryPairOptions {
  /** Runs `task` later, in order; what the passing of time is to this pair. */
  readonly defer: (task: () => void) => void;
  /** Octets that may be under way in one direction before the writer has to wait. Default 65,536. */
  readonly capacityBytes?: number;
  /**
   * Cuts what is under way into the pieces in which it arrives: returns the octets of the next piece, at least 1, out
   * of `available`. Default: all.
   */
  readonly nextChunkBytes?: (available: number) => number;
  /** What each side sees as its peer's address. Default "memory". */
  readonly remoteAddress?: string;
}

/** The error of a stream whose peer cut it. */
export class StreamResetError extends Error {
  override readonly name = "StreamResetError";
  /** As on a TCP socket. */
  readonly code = "ECONNRESET";

  /** @param cause what the platform told */
  constructor(cause?: Error) {
    super("the peer cut the stream", cause === undefined ? {} : { cause });
  }
}

/** One direction of the pair. */
interface Lane {
  queue: Uint8Array[];
  bytes: number;
  hasEnd: boolean;
}

class MemoryStream implements ByteStream {
  readonly remoteAddress: string;
  readonly retainsWrites = false;
  readonly #options: MemoryPairOptions;
  readonly #capacityBytes: number;
  readonly #incoming: Lane = { queue: [], bytes: 0, hasEnd: false };
  #peer: MemoryStream | undefined;
  #receiver: ByteStreamReceiver | undefined;
  #isPaused = false;
  #isScheduled = false;
  #mustDrain = false;
  #hasEndedOwn = false;
  #hasSeenEnd = false;
  #isDestroyed = false;
  #hasToldClosed = false;
  #error: Error | undefined;

  constructor(options: MemoryPairOptions) {
    this.#options = options;
    this.#capacityBytes = options.capacityBytes ?? 65_536;
    this.remoteAddress = options.remoteAddress ?? "memory";
  }

  get queuedBytes(): number {
    return this.#mustDrain && this.#peer !== undefined ? this.#peer.#incoming.bytes : 0;
  }

  static join(first: MemoryStream, second: MemoryStream): void {
    first.#peer = second;
    second.#peer = first;
  }

  start(receiver: ByteStreamReceiver): void {
    this.#receiver = receiver;
    if (this.#isDestroyed) this.#tellClosed();
    else this.#schedule();
  }

  write(segments: readonly Uint8Array[]): boolean {
    const peer = this.#peer;
    if (peer === undefined || this.#isDestroyed || this.#hasEndedOwn) return true;
    if (peer.#isDestroyed) {
      this.#options.defer(() => this.#destroy(new StreamResetError()));
      return true;
    }
    for (const segment of segments) {
      if (segment.byteLength === 0) continue;
      // A copy, as the kernel makes one: the writer may reuse its memory.
      peer.#incoming.queue.push(new Uint8Array(segment));
      peer.#incoming.bytes += segment.byteLength;
    }
    peer.#schedule();
    this.#mustDrain = peer.#incoming.bytes >= this.#capacityBytes;
    return !this.#mustDrain;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  end(): void {
    if (this.#hasEndedOwn || this.#isDestroyed) return;
    this.#hasEndedOwn = true;
    if (this.#peer !== undefined) {
      this.#peer.#incoming.hasEnd = true;
      this.#peer.#schedule();
    }
    this.#closeIfEnded();
  }

  destroy(): void {
    this.#destroy(undefined);
  }

  #destroy(error: Error | undefined): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#error = error;
    const hasUnread = this.#incoming.bytes > 0;
    this.#incoming.queue = [];
    this.#incoming.bytes = 0;
    this.#tellClosed();
    const peer = this.#peer;
    if (peer === undefined || peer.#isDestroyed) return;
    // A peer that was told of the end, and has written nothing that is lost, sees nothing of it; others are cut.
    if (this.#hasEndedOwn && !hasUnread) peer.#schedule();
    else this.#options.defer(() => peer.#destroy(new StreamResetError()));
  }

  /** Tells the receiver that there is by then, once. */
  #tellClosed(): void {
    this.#options.defer(() => {
      if (this.#receiver === undefined || this.#hasToldClosed) return;
      this.#hasToldClosed = true;
      this.#receiver.streamClosed(this.#error);
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.defer(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  /** Delivers one piece, and comes back for the next. */
  #deliver(): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#isPaused || this.#isDestroyed) return;
    const chunk = this.#takeChunk();
    if (chunk !== undefined) {
      receiver.streamReceived(chunk, 0, chunk.byteLength);
      if (this.#peer !== undefined) this.#peer.#drainIfEmptied(this.#incoming.bytes);
      this.#schedule();
    } else if (this.#incoming.hasEnd && !this.#hasSeenEnd) {
      this.#hasSeenEnd = true;
      receiver.streamEnded();
      this.#closeIfEnded();
    }
  }

  #takeChunk(): Uint8Array | undefined {
    const lane = this.#incoming;
    const first = lane.queue[0];
    if (first === undefined) return undefined;
    const wanted = this.#options.nextChunkBytes?.(lane.bytes) ?? lane.bytes;
    const length = Math.min(Math.max(1, wanted), lane.bytes);
    lane.bytes -= length;
    if (length === first.byteLength) {
      lane.queue.shift();
      return first;
    }
    const chunk = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = lane.queue[0] as Uint8Array;
      const taken = Math.min(piece.byteLength, length - filled);
      chunk.set(piece.subarray(0, taken), filled);
      filled += taken;
      if (taken === piece.byteLength) lane.queue.shift();
      else lane.queue[0] = piece.subarray(taken);
    }
    return chunk;
  }

  #drainIfEmptied(bytesUnderWay: number): void {
    if (!this.#mustDrain || bytesUnderWay > 0 || this.#isDestroyed) return;
    this.#mustDrain = false;
    this.#receiver?.streamDrained();
  }

  #closeIfEnded(): void {
    if (this.#hasEndedOwn && this.#hasSeenEnd) this.#destroy(undefined);
  }
}

/** Makes two byte streams, each the other's peer. */
export function createMemoryPair(options: MemoryPairOptions): readonly [ByteStream, ByteStream] {
  const first = new MemoryStream(options);
  const second = new MemoryStream(options);
  MemoryStream.join(first, second);
  return [first, second];
}

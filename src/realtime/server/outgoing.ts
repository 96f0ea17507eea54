/**
 * The way out of one connection. Answers leave at once, all of a turn in one message; what channels have to say waits as
 * long as the client is slow, wherever it comes from, so that answers overtake it.
 */
import type { Codec, ServerFrame } from "../wire/index.js";
import type { RealtimeConnection, RealtimePlatform } from "./connection.js";
import { batched, type SharedFrames } from "./ring.js";
import type { Message } from "./subscription.js";

// What a producer without end gathers before it is written, and asked whether there is room for more.
const maxGatheredBytes = 16_384;

/** See the head of this file. */
export class Outgoing {
  readonly #connection: RealtimeConnection;
  readonly #codec: Codec;
  readonly #platform: RealtimePlatform;
  readonly #maxBufferedBytes: number;
  /** Called once, when more waits than may. */
  readonly #overflowed: () => void;
  #pending: (string | Uint8Array)[] = [];
  #pendingBytes = 0;
  #isFull = false;
  #isEnded = false;
  #waiters: (() => void)[] = [];
  readonly #flush = (): void => this.flush();

  constructor(
    connection: RealtimeConnection,
    codec: Codec,
    platform: RealtimePlatform,
    maxBufferedBytes: number,
    overflowed: () => void,
  ) {
    this.#connection = connection;
    this.#codec = codec;
    this.#platform = platform;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#overflowed = overflowed;
  }

  /** Whether channels may send. */
  get hasRoom(): boolean {
    return !this.#isFull && !this.#isEnded;
  }

  /** Octets that wait for the client. */
  get bufferedBytes(): number {
    return this.#connection.bufferedBytes + this.#pendingBytes;
  }

  /**
   * Sends a frame at the end of the turn, together with the others.
   *
   * @throws TypeError, RangeError for a value that the codec does not have
   */
  send(frame: ServerFrame): void {
    if (this.#isEnded) return;
    const encoded = this.#codec.encode(frame);
    this.#pending.push(encoded);
    this.#pendingBytes += encoded.length;
    if (this.#pending.length === 1) this.#platform.atTurnEnd(this.#flush);
    if (this.bufferedBytes > this.#maxBufferedBytes) {
      this.end();
      this.#overflowed();
    }
  }

  /** Sends frames of a channel now, behind everything that was sent before. */
  sendShared(shared: SharedFrames): void {
    this.flush();
    for (const prepared of shared.preparedFor(this.#codec, this.#platform)) this.#write(prepared);
  }

  /** The same with frames that nobody else gets. */
  sendOwn(frames: readonly ServerFrame[]): void {
    this.flush();
    for (const message of batched(this.#codec, frames)) this.#write(message);
  }

  /** The same with a message that has been put together. */
  sendMessage(message: Message): void {
    this.flush();
    this.#write(message.messageFor(this.#codec, this.#platform));
  }

  /** Sends what has been gathered. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#write(this.#codec.batch(pending));
  }

  #write(data: Parameters<RealtimeConnection["send"]>[0]): void {
    if (!this.#isEnded && this.#connection.send(data) === "buffered") this.#isFull = true;
  }

  /** There is room again. */
  drained(): void {
    this.#isFull = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** Resolves when there is room, or nothing is sent any more. */
  room(): Promise<void> {
    // Who makes one frame upon another within a turn finds out here that there is no room.
    if (this.#pendingBytes > maxGatheredBytes) this.flush();
    if (!this.#isFull || this.#isEnded) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#isEnded = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.drained();
  }
}

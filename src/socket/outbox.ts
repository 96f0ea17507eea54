/**
 * The way out: takes what a connection has collected and writes it to the stream, once at the end of a turn, one write
 * at a time, and knows who waits for room.
 */
import type { Connection, OutputBatch } from "../protocol/index.js";
import type { ByteStream, Flushable, TurnScheduler } from "../transport/index.js";

// Output beyond this is written in the middle of a turn, so that a burst does not pile up.
const flushAtBytes = 64 * 1024;

/** The socket, as far as its outbox needs it. */
export interface OutboxOwner {
  /** The stream takes nothing at the moment, and more than the high-water mark waits. */
  outputStuck(): void;
  /** No more than the high-water mark waits. */
  outputRoomy(): void;
  /** Nothing waits. */
  outputEmpty(): void;
}

interface RoomWaiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** See the head of this file. */
export class Outbox implements Flushable {
  readonly #connection: Connection;
  readonly #stream: ByteStream;
  readonly #turns: TurnScheduler;
  readonly #highWaterMarkBytes: number;
  readonly #owner: OutboxOwner;
  #isScheduled = false;
  #isOver = false;
  /** What the stream is writing. */
  #underWay: OutputBatch | undefined;
  #waiters: RoomWaiter[] | undefined;

  constructor(
    connection: Connection,
    stream: ByteStream,
    turns: TurnScheduler,
    highWaterMarkBytes: number,
    owner: OutboxOwner,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#turns = turns;
    this.#highWaterMarkBytes = highWaterMarkBytes;
    this.#owner = owner;
  }

  /** Octets that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection.output.byteLength + (this.#underWay?.byteLength ?? 0);
  }

  /** Whether no more than the high-water mark waits. */
  get isRoomy(): boolean {
    return this.bufferedBytes <= this.#highWaterMarkBytes;
  }

  /** Whether the stream takes nothing at the moment. */
  get isStuck(): boolean {
    return this.#underWay !== undefined;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#underWay === undefined && this.#connection.output.byteLength === 0;
  }

  /** Sees to it that the output leaves at the end of the turn, or now when much has collected. */
  flushSoon(): void {
    if (this.#underWay === undefined && this.#connection.output.byteLength >= flushAtBytes) {
      this.#write();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#turns.schedule(this);
    }
  }

  /** The turn has ended. */
  flush(): void {
    this.#isScheduled = false;
    this.#write();
  }

  #write(): void {
    if (this.#underWay !== undefined || this.#isOver) return;
    const output = this.#connection.output;
    if (output.byteLength > 0) {
      if (!this.#stream.write(output.segments())) {
        this.#underWay = output.take();
        this.#connection.isBlocked = true;
        if (!this.isRoomy) this.#owner.outputStuck();
        return;
      }
      if (this.#stream.retainsWrites) output.forget();
      else output.clear();
    }
    this.#tellRoom();
    if (this.isEmpty) this.#owner.outputEmpty();
  }

  /** The stream has written everything it was given. */
  drained(): void {
    const batch = this.#underWay;
    if (batch === undefined) return;
    this.#underWay = undefined;
    if (!this.#stream.retainsWrites) this.#connection.output.release(batch);
    // A pong may have been owed meanwhile.
    this.#connection.isBlocked = false;
    this.#write();
  }

  #tellRoom(): void {
    if (!this.isRoomy) return;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.resolve();
    this.#owner.outputRoomy();
  }

  /** Resolves when there is room; rejects when there will be none any more. */
  room(): Promise<void> {
    if (this.isRoomy) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Nothing can be written any more: drops what waits, and rejects those who wait for room. */
  end(error: () => Error): void {
    this.#isOver = true;
    this.#underWay = undefined;
    this.#connection.output.clear();
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.reject(error());
  }
}

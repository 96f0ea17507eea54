/**
 * The way out: what a connection has to send is collected here and written to the stream, once at the end of a turn, one
 * write at a time. Knows who waits for room.
 *
 * It is the connection's `Output` itself, not a second object beside it: with many sockets, each object that a write
 * touches is one more that the processor has to fetch from memory.
 */
import type { BufferPool, OutputBatch } from "../protocol/index.js";
import { Output } from "../protocol/index.js";
import type { ByteStream, Flushable, TurnScheduler } from "../transport/index.js";

// Output beyond this is written in the middle of a turn, so that a burst does not pile up.
const flushAtBytes = 64 * 1024;

/** The socket, as far as its outbox needs it. */
export interface OutboxOwner {
  /** Whether the stream takes octets at the moment. */
  outputBlocked(isBlocked: boolean): void;
  /** The stream takes nothing at the moment, and more than the high-water mark waits. */
  outputStuck(): void;
  /** No more than the high-water mark waits for the peer. More may wait behind a streamed message. */
  outputRoomy(): void;
  /** Nothing waits. */
  outputEmpty(): void;
}

// What a message that waits takes beside its octets: its place, what sends it, its view. Measured on V8, rounded up.
const behindOverheadBytes = 256;

interface RoomWaiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** See the head of this file. */
export class Outbox extends Output implements Flushable {
  readonly #stream: ByteStream;
  readonly #turns: TurnScheduler;
  readonly #highWaterMarkBytes: number;
  readonly #owner: OutboxOwner;
  #isScheduled = false;
  /** Whether somebody was told that too much waits, and has to hear when that is over. */
  #isAwaited = false;
  #isOver = false;
  /** What the stream is writing. */
  #underWay: OutputBatch | undefined;
  #waiters: RoomWaiter[] | undefined;
  /** Octets of messages that wait behind one that is being streamed, and how many messages that are. */
  #behindBytes = 0;
  #behindCount = 0;
  /** Whoever streams a message and waits for room. */
  #streamWaiter: (() => void) | undefined;

  constructor(
    pool: BufferPool,
    stream: ByteStream,
    turns: TurnScheduler,
    highWaterMarkBytes: number,
    owner: OutboxOwner,
  ) {
    super(pool);
    this.#stream = stream;
    this.#turns = turns;
    this.#highWaterMarkBytes = highWaterMarkBytes;
    this.#owner = owner;
  }

  /**
   * Octets that the operating system has not taken yet, those that are still being compressed, or wait behind a streamed
   * message, among them.
   */
  get bufferedBytes(): number {
    return this.#leavingBytes + this.#behindBytes;
  }

  /** Octets that leave as soon as the peer takes them. */
  get #leavingBytes(): number {
    const waiting = this.byteLength + this.pendingBytes;
    return this.#underWay === undefined ? waiting : waiting + this.#underWay.byteLength;
  }

  /** Octets of memory that messages take which wait behind a streamed one, with overhead. */
  get heldBehindBytes(): number {
    return this.#behindBytes + this.#behindCount * behindOverheadBytes;
  }

  override get heldBytes(): number {
    const underWay = this.#underWay;
    const held = super.heldBytes + this.pendingBytes + this.heldBehindBytes;
    return underWay === undefined ? held : held + underWay.byteLength;
  }

  override countHeldBytes(counted: Set<ArrayBufferLike>): number {
    const underWay = this.#underWay === undefined ? 0 : this.countPinned(this.#underWay.segments, counted);
    return super.countHeldBytes(counted) + this.pendingBytes + this.heldBehindBytes + underWay;
  }

  /** Whether no more than the high-water mark waits. */
  get isRoomy(): boolean {
    return this.bufferedBytes <= this.#highWaterMarkBytes;
  }

  /**
   * Whether no more than that waits for the peer; what waits behind a streamed message does not count. It would wait for
   * ever, if that message waited for it.
   */
  get isFlowing(): boolean {
    return this.#leavingBytes <= this.#highWaterMarkBytes;
  }

  /** Whether too much waits for the peer, or for an extension: the one reads slowly, the other takes its time. */
  get isClogged(): boolean {
    return !this.isFlowing && (this.isStuck || this.pendingBytes > 0);
  }

  /** Whether the stream takes nothing at the moment. */
  get isStuck(): boolean {
    return this.#underWay !== undefined;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#underWay === undefined && this.byteLength === 0;
  }

  /** Whether everything that was accepted has left, what is still being compressed included. */
  get isDone(): boolean {
    return this.isEmpty && this.pendingBytes === 0 && this.#behindCount === 0;
  }

  /** Messages begin to wait behind a streamed one, or (with numbers below 0) wait there no more. */
  countBehind(messages: number, byteLength: number): void {
    this.#behindCount += messages;
    this.#behindBytes += byteLength;
  }

  /**
   * Sees to it that the output leaves at the end of the turn, or now when much has collected. That there is room again
   * is told when the turn is over in either case: whoever sends does not expect to be called from within.
   *
   * @returns whether no more than the high-water mark waits now
   */
  flushSoon(): boolean {
    const isWrittenNow = this.#underWay === undefined && this.byteLength >= flushAtBytes;
    if (isWrittenNow) this.#write();
    if (!this.#isScheduled && (!isWrittenNow || this.#isAwaited)) {
      this.#isScheduled = true;
      this.#turns.schedule(this);
    }
    if (this.isRoomy) return true;
    this.#isAwaited = true;
    return false;
  }

  /** Sees to it that room is told of at the end of the turn, even where there is room now. */
  tellRoomSoon(): void {
    this.#isAwaited = true;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turns.schedule(this);
  }

  /** The turn has ended. */
  flush(): void {
    this.#isScheduled = false;
    this.#write();
    this.#tellRoom();
  }

  #write(): void {
    if (this.#underWay !== undefined || this.#isOver) return;
    if (this.byteLength > 0) {
      const stream = this.#stream;
      if (!stream.write(this.segments())) {
        this.#underWay = this.take();
        this.mayWaitLong = true;
        this.#owner.outputBlocked(true);
        if (this.isFlowing) return;
        this.#isAwaited = true;
        this.#owner.outputStuck();
        return;
      }
      if (stream.retainsWrites) this.forget();
      else this.clear();
    }
    this.#owner.outputEmpty();
  }

  /** The stream has written everything it was given. */
  drained(): void {
    const batch = this.#underWay;
    if (batch === undefined) return;
    this.#underWay = undefined;
    this.mayWaitLong = false;
    if (!this.#stream.retainsWrites) this.release(batch);
    // A pong may have been owed meanwhile.
    this.#owner.outputBlocked(false);
    this.#write();
    this.#tellRoom();
  }

  #tellRoom(): void {
    if (!this.#isAwaited || this.#isOver || !this.isFlowing) return;
    if (this.isRoomy) {
      this.#isAwaited = false;
      const waiters = this.#waiters;
      if (waiters !== undefined) {
        this.#waiters = undefined;
        for (const waiter of waiters) waiter.resolve();
      }
    }
    this.#owner.outputRoomy();
    const streamWaiter = this.#streamWaiter;
    this.#streamWaiter = undefined;
    streamWaiter?.();
  }

  /** Resolves when there is room; rejects when there will be none any more. */
  room(): Promise<void> {
    if (this.isRoomy && !this.#isOver) return Promise.resolve();
    this.#isAwaited = true;
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push({ resolve, reject });
    });
  }

  /**
   * Calls back once, when a streamed message may go on (`isFlowing`); not at all when that does not come to be. There is
   * one at a time.
   */
  whenFlowing(callback: () => void): void {
    this.#isAwaited = true;
    this.#streamWaiter = callback;
  }

  /** Nothing will be written any more: drops what waits. The next thing to call is `end`. */
  stop(): void {
    this.#isOver = true;
    this.clear();
  }

  /** Nothing can be written any more: drops what waits, and rejects those who wait for room. */
  end(error: () => Error): void {
    this.stop();
    this.#underWay = undefined;
    this.#streamWaiter = undefined;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.reject(error());
  }
}

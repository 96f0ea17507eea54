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
  /** So many octets have been given to the stream. */
  outputWritten(byteLength: number): void;
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
const overheadPerMessageBytes = 256;

/** What there is to know while a message is streamed. */
interface Streaming {
  /** Messages that wait behind it, and their octets, which are among those that are pending. */
  behindCount: number;
  behindBytes: number;
  /** Whoever streams it and waits for room. */
  waiter: (() => void) | undefined;
}

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
  /** Octets of the handshake that have not been written yet. */
  #headBytes = 0;
  /** What the stream is writing. */
  #underWay: OutputBatch | undefined;
  #waiters: RoomWaiter[] | undefined;
  /** Made when a message is streamed for the first time. */
  #streaming: Streaming | undefined;

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

  /** The first to be written, once: what belongs to the handshake. */
  begin(head: Uint8Array): void {
    this.#headBytes = head.byteLength;
    this.append(head);
    this.flushSoon();
  }

  /** Octets that the operating system has not taken yet, those that are pending among them. */
  get bufferedBytes(): number {
    const waiting = this.byteLength + this.pendingBytes;
    return this.#underWay === undefined ? waiting : waiting + this.#underWay.byteLength;
  }

  /** Octets of memory that messages take which wait behind a streamed one, with overhead. */
  get heldBehindBytes(): number {
    return (this.#streaming?.behindBytes ?? 0) + this.#behindOverheadBytes;
  }

  get #behindOverheadBytes(): number {
    return (this.#streaming?.behindCount ?? 0) * overheadPerMessageBytes;
  }

  override get heldBytes(): number {
    const underWay = this.#underWay;
    const held = super.heldBytes + this.pendingBytes + this.#behindOverheadBytes;
    return underWay === undefined ? held : held + underWay.byteLength;
  }

  override countHeldBytes(counted: Set<ArrayBufferLike>): number {
    const underWay = this.#underWay === undefined ? 0 : this.countPinned(this.#underWay.segments, counted);
    return super.countHeldBytes(counted) + this.pendingBytes + this.#behindOverheadBytes + underWay;
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
    return this.bufferedBytes - (this.#streaming?.behindBytes ?? 0) <= this.#highWaterMarkBytes;
  }

  /** Whether too much waits for the peer, or for an extension: the one reads slowly, the other takes its time. */
  get isClogged(): boolean {
    return !this.isFlowing && (this.isStuck || this.pendingBytes > (this.#streaming?.behindBytes ?? 0));
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
    return this.isEmpty && this.pendingBytes === 0;
  }

  get #toStream(): Streaming {
    return (this.#streaming ??= { behindCount: 0, behindBytes: 0, waiter: undefined });
  }

  /** A message begins to wait behind a streamed one. */
  addBehind(byteLength: number): void {
    const streaming = this.#toStream;
    streaming.behindCount++;
    streaming.behindBytes += byteLength;
    this.pendingBytes += byteLength;
  }

  /** It waits there no more. */
  takeBehind(byteLength: number): void {
    const streaming = this.#toStream;
    streaming.behindCount--;
    streaming.behindBytes -= byteLength;
    this.pendingBytes -= byteLength;
  }

  /** None waits there any more. */
  clearBehind(): void {
    const streaming = this.#toStream;
    // Where the connection has failed, nothing is pending already.
    this.pendingBytes = Math.max(0, this.pendingBytes - streaming.behindBytes);
    streaming.behindCount = 0;
    streaming.behindBytes = 0;
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
      const writtenBytes = this.byteLength - this.#headBytes;
      this.#headBytes = 0;
      const isDone = stream.write(this.segments());
      this.#owner.outputWritten(writtenBytes);
      if (!isDone) {
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
    const streaming = this.#streaming;
    if (streaming?.waiter === undefined) return;
    const { waiter } = streaming;
    streaming.waiter = undefined;
    waiter();
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
    this.#toStream.waiter = callback;
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
    this.#streaming = undefined;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.reject(error());
  }
}

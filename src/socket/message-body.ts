/**
 * The content of one message while it comes: pieces that wait for their reader, or are collected.
 *
 * Pieces are copies with memory of their own, since what was read is lent. Short ones are joined until somebody reads, so
 * that a message in tiny fragments costs no object for each. Whoever passes pieces on at once may give their memory back.
 */
import { copyOctets, ProtocolError } from "../protocol/index.js";
import { SparePieces } from "./spare-pieces.js";

/** Whoever counts what bodies hold, and stops reading. */
export interface BodyOwner {
  /** What waits for a reader, or has been collected for one, has become more, or less. */
  bodyHolds(moreBytes: number, isCollected: boolean): void;
  /** Somebody has read, so that there may be room, or nothing is held any more. */
  bodyRead(): void;
  /** A message is longer than its consumer takes: the connection fails (§7.1.7). */
  fail(error: ProtocolError): void;
}

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** The content of a message that has been collected. */
export type Collected = { readonly pieces: readonly Uint8Array[]; readonly byteLength: number };

interface Collector {
  readonly resolve: (collected: Collected) => void;
  readonly reject: (error: Error) => void;
}

// Shorter pieces are joined into blocks of so many octets, the first ones shorter; a copy more costs less than an object
// more.
const firstBlockBytes = 1024;
const blockBytes = 16 * 1024;
// What a piece takes beside its octets: measured on V8, rounded up.
const pieceOverheadBytes = 192;

const end: IteratorResult<Uint8Array, undefined> = Object.freeze({ done: true, value: undefined });

/** See the head of this file. */
export class MessageBody {
  readonly type: "text" | "binary";
  /** Whether somebody consumes it, who may be waited for. */
  isTaken = false;
  readonly #owner: BodyOwner;
  #pieces: Uint8Array[] = [];
  /** Pieces that have been read of these. */
  #read = 0;
  /** A block that short pieces are joined in, and how much of it is used. */
  #block: Uint8Array | undefined;
  #blockUsed = 0;
  #nextBlockBytes = firstBlockBytes;
  #heldBytes = 0;
  #receivedBytes = 0;
  #maxBytes = Number.POSITIVE_INFINITY;
  #readers: Reader[] | undefined;
  #collector: Collector | undefined;
  /** Whether what is held is, or was, collected. */
  #isCollected = false;
  #isDropping = false;
  /** Whether it was we who have dropped something, so that it cannot be complete. */
  #isCut = false;
  #hasEnded = false;
  #error: Error | undefined;
  /** Where pieces are lent: memory for the next ones. */
  #spare: SparePieces | undefined;
  /** The piece that is lent. */
  #lent: Uint8Array | undefined;
  /** Those who wait until nothing more comes. */
  #waiters: (() => void)[] | undefined;

  constructor(type: "text" | "binary", owner: BodyOwner) {
    this.type = type;
    this.#owner = owner;
  }

  /** Octets of memory held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Octets that have come. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether what comes is collected, so that nothing waits for a reader. */
  get isCollecting(): boolean {
    return this.#collector !== undefined;
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.#hasEnded || this.#error !== undefined;
  }

  // What comes

  /** The next octets. */
  push(bytes: Uint8Array, from: number, to: number, isOwned: boolean): void {
    const length = to - from;
    this.#receivedBytes += length;
    if (this.#isDropping || length === 0) return;
    if (this.#receivedBytes > this.#maxBytes) {
      this.#tooBig();
      return;
    }
    const reader = this.#readers?.shift();
    if (reader !== undefined) reader.resolve({ done: false, value: this.#lend(this.#own(bytes, from, to, isOwned)) });
    else if (length < blockBytes) this.#join(bytes, from, to);
    else this.#keep(this.#own(bytes, from, to, isOwned));
  }

  /** The octets in memory of their own. */
  #own(bytes: Uint8Array, from: number, to: number, isOwned: boolean): Uint8Array {
    if (isOwned && from === 0 && to === bytes.byteLength) return bytes;
    return this.#spare?.copyOf(bytes, from, to) ?? copyOctets(bytes, from, to);
  }

  #join(bytes: Uint8Array, from: number, to: number): void {
    let block = this.#block;
    if (block !== undefined && this.#blockUsed + to - from > block.byteLength) {
      this.#closeBlock();
      block = undefined;
    }
    if (block === undefined) {
      const byteLength = Math.max(this.#nextBlockBytes, to - from);
      this.#block = block = this.#spare?.take(byteLength) ?? new Uint8Array(byteLength);
      this.#nextBlockBytes = Math.min(this.#nextBlockBytes * 4, blockBytes);
      this.#hold(block.byteLength + pieceOverheadBytes);
    }
    block.set(bytes.subarray(from, to), this.#blockUsed);
    this.#blockUsed += to - from;
  }

  /** Puts the block among the pieces, in memory that is as long as it. */
  #closeBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    const used = this.#blockUsed;
    this.#block = undefined;
    this.#blockUsed = 0;
    if (this.#spare !== undefined) this.#pieces.push(block.subarray(0, used));
    else this.#pieces.push(used === block.byteLength ? block : copyOctets(block, 0, used));
    this.#hold(used - block.byteLength);
  }

  #keep(piece: Uint8Array): void {
    this.#closeBlock();
    this.#pieces.push(piece);
    this.#hold(piece.byteLength + pieceOverheadBytes);
  }

  #hold(moreBytes: number): void {
    this.#heldBytes += moreBytes;
    this.#owner.bodyHolds(moreBytes, this.#isCollected);
  }

  /** The message is complete. */
  end(): void {
    if (this.isOver || this.#isCut) return;
    this.#hasEnded = true;
    for (const reader of this.#takeReaders()) reader.resolve(end);
    this.#finishCollecting();
    this.#settle();
  }

  /** Nothing more will come, since the message cannot be completed. What has come can still be read. */
  fail(error: Error): void {
    if (this.isOver) return;
    this.#error = error;
    for (const reader of this.#takeReaders()) reader.reject(error);
    this.#rejectCollector(error);
    this.#settle();
  }

  #rejectCollector(error: Error): void {
    const collector = this.#collector;
    if (collector === undefined) return;
    this.#collector = undefined;
    this.#clear();
    collector.reject(error);
  }

  #takeReaders(): Reader[] {
    return this.#readers?.splice(0) ?? [];
  }

  #settle(): void {
    for (const waiter of this.#waiters?.splice(0) ?? []) waiter();
  }

  // What goes

  /** Sets how many octets its consumer takes; more fail the connection. */
  limitTo(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    if (this.#receivedBytes > maxBytes) this.#tooBig();
  }

  #tooBig(): void {
    const error = new ProtocolError("message-too-big", this.#receivedBytes, this.#maxBytes);
    this.#hasEnded = false;
    this.fail(error);
    this.#drop();
    this.#owner.fail(error);
  }

  /** As `read`, but the piece is lent until the next one is asked for. */
  readLent(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#spare ??= new SparePieces();
    if (this.#lent !== undefined) this.#spare.giveBack(this.#lent);
    this.#lent = undefined;
    return this.read();
  }

  #lend(piece: Uint8Array): Uint8Array {
    if (this.#spare !== undefined) this.#lent = piece;
    return piece;
  }

  /** The next piece, in memory of its own. Rejects with what `fail` was told, when everything before that is read. */
  read(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#take();
    if (value !== undefined) return Promise.resolve({ done: false, value: this.#lend(value) });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#hasEnded || (this.#isDropping && !this.#isCut)) return Promise.resolve(end);
    return new Promise((resolve, reject) => {
      this.#readers ??= [];
      this.#readers.push({ resolve, reject });
      this.#owner.bodyRead();
    });
  }

  #take(): Uint8Array | undefined {
    if (this.#read === this.#pieces.length) this.#closeBlock();
    const piece = this.#pieces[this.#read];
    if (piece === undefined) return undefined;
    this.#read++;
    if (this.#read === this.#pieces.length) {
      this.#pieces = [];
      this.#read = 0;
    }
    this.#hold(-piece.byteLength - pieceOverheadBytes);
    this.#owner.bodyRead();
    return piece;
  }

  /** Everything, when it is there; it is held until then. Rejects as `read`. */
  collect(maxBytes: number): Promise<Collected> {
    return new Promise((resolve, reject) => {
      this.#collector = { resolve, reject };
      const held = this.#heldBytes;
      this.#hold(-held);
      this.#isCollected = true;
      this.#hold(held);
      this.limitTo(maxBytes);
      if (this.#error !== undefined) this.#rejectCollector(this.#error);
      if (this.#hasEnded) this.#finishCollecting();
      this.#owner.bodyRead();
    });
  }

  #finishCollecting(): void {
    const collector = this.#collector;
    if (collector === undefined) return;
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#collector = undefined;
    this.#clear();
    collector.resolve({ pieces, byteLength: this.#receivedBytes });
  }

  /** Its consumer wants no more of it. */
  discard(): void {
    for (const reader of this.#takeReaders()) reader.resolve(end);
    this.#drop();
  }

  /** Its consumer has gone on without it; whoever reads on is told `error`. */
  leave(error: Error): void {
    if (this.#isDropping && !this.#isCut) return;
    this.#hasEnded = false;
    this.#error ??= error;
    for (const reader of this.#takeReaders()) reader.reject(error);
    this.#drop();
  }

  /** What is held is dropped and what comes is, since this side cannot keep it. `fail` will tell whoever reads. */
  cut(): void {
    if (this.isOver) return;
    this.#isCut = true;
    this.#drop();
  }

  #drop(): void {
    this.#isDropping = true;
    this.#clear();
    this.#owner.bodyRead();
  }

  /** Resolves when nothing more will come. */
  over(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  #clear(): void {
    this.#pieces = [];
    this.#read = 0;
    this.#block = undefined;
    this.#blockUsed = 0;
    if (this.#heldBytes > 0) this.#hold(-this.#heldBytes);
  }
}

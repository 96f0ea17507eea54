/**
 * What a connection has to send, collected until somebody takes it: everything produced during a turn leaves in one
 * write.
 */
import type { SharedOctets } from "./shared-octets.js";

/** How a pool keeps buffers. */
export interface PoolSizes {
  /** Octets of a buffer for little output, which is what most connections send in a turn. Default 4 KiB. */
  readonly smallBytes: number;
  /** Octets of a buffer for more. Default 64 KiB. */
  readonly largeBytes: number;
  /** Small buffers kept for the next borrower; more are left to the garbage collector. Default 1,024. */
  readonly maxIdleSmall: number;
  /** The same of large ones. Default 64. */
  readonly maxIdleLarge: number;
}

// As many connections may send something in the same turn without memory being made; in all, 8 MiB are kept.
const defaultSizes: PoolSizes = { smallBytes: 4 * 1024, largeBytes: 64 * 1024, maxIdleSmall: 1024, maxIdleLarge: 64 };

/** Lends buffers of two sizes to connections that have something to send. Idle connections own none. */
export class BufferPool {
  readonly sizes: PoolSizes;
  /**
   * Memory that somebody has been lent for the time of a call, as handlers are lent what was read. What is sent out of
   * it meanwhile, on whatever connection, is copied, long or not.
   */
  lentMemory: ArrayBufferLike | undefined;
  readonly #allocate: (byteLength: number) => Uint8Array;
  readonly #small: Uint8Array[] = [];
  readonly #large: Uint8Array[] = [];

  /** @param allocate makes a buffer; only octets written since are ever read, so it need not be cleared */
  constructor(
    allocate: (byteLength: number) => Uint8Array = (byteLength) => new Uint8Array(byteLength),
    sizes: Partial<PoolSizes> = {},
  ) {
    this.#allocate = allocate;
    this.sizes = { ...defaultSizes, ...sizes };
  }

  /** A small buffer if that has `minBytes` octets, else a large one, else one made to measure. It holds anything. */
  acquire(minBytes: number): Uint8Array {
    const { smallBytes, largeBytes } = this.sizes;
    if (minBytes <= smallBytes) return this.#small.pop() ?? this.#allocate(smallBytes);
    if (minBytes <= largeBytes) return this.#large.pop() ?? this.#allocate(largeBytes);
    return this.#allocate(minBytes);
  }

  /** Takes back a buffer that nobody reads any more. Buffers of any other size are not kept. */
  release(buffer: Uint8Array): void {
    const { smallBytes, largeBytes, maxIdleSmall, maxIdleLarge } = this.sizes;
    const { length } = buffer;
    if (length === smallBytes) {
      if (this.#small.length < maxIdleSmall) this.#small.push(buffer);
    } else if (length === largeBytes && this.#large.length < maxIdleLarge) {
      this.#large.push(buffer);
    }
  }

  /** Buffers that wait for a borrower. */
  get idleCount(): number {
    return this.#small.length + this.#large.length;
  }
}

/** Where a `FrameWriter` puts its frames. */
export interface FrameTarget {
  /** Where the next octet goes. */
  position: number;
  /** Whether `length` octets of `bytes` are better appended by reference, as they are, than copied. */
  refersTo(bytes: Uint8Array, length: number): boolean;
  /** Makes room for `size` octets in one piece and returns the buffer to write them into, at `position`. */
  reserve(size: number): Uint8Array;
  /** Appends octets by reference: they must stay as they are until they have been written. */
  append(bytes: Uint8Array): void;
}

/** Octets taken from an `Output`, to be written in this order. */
export interface OutputBatch {
  /** What to write. */
  readonly segments: readonly Uint8Array[];
  /** Octets in all segments. */
  readonly byteLength: number;
  /** Buffers that the segments lie in, to be given back with `release` once they are written. */
  readonly buffers: readonly Uint8Array[];
}

// From here on, another piece to write costs less than copying.
const referencedFromBytes = 16 * 1024;
// A shorter frame that does not come first is copied: one piece more to write costs more than so many octets.
const copiedSharedBytes = 1024;

// A piece that waits for a peer that reads slowly keeps no more than so many times its octets in memory.
const maxPinnedPerByte = 4;

// What a view takes beside the octets that it shows, with its place in a list: measured on V8, rounded up.
const segmentOverheadBytes = 128;

// Of longer memory, a view is held to pin what it shows: the rest is whoever's who sends out of it.
const maxPinnedAroundBytes = 64 * 1024;

const noSegments: readonly Uint8Array[] = [];

/**
 * Collects octets: small things are written into buffers from the pool, large ones and those that many connections
 * send are kept by reference.
 *
 * To write, call `reserve(size)`, write into `buffer` from `position` on, and move `position` past what was written.
 */
export class Output implements FrameTarget {
  readonly #pool: BufferPool;
  /** The buffer being filled. Read it after `reserve`. */
  buffer: Uint8Array | undefined;
  position = 0;
  /** Octets that will be appended when an extension is done with them, or a streamed message before them is complete. */
  pendingBytes = 0;
  /** Whether what is appended now may wait for long, so that by reference it would keep its surroundings in memory. */
  protected mayWaitLong = false;
  /** Where the segment that is being filled begins. */
  #segmentStart = 0;
  #segments: Uint8Array[] | undefined;
  #full: Uint8Array[] | undefined;
  #finishedBytes = 0;
  /** The segment of shared octets that may still grow; it stands behind `#segments`, and nothing is being filled. */
  #shared: SharedOctets | undefined;
  #sharedStart = 0;
  #sharedEnd = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  refersTo(bytes: Uint8Array, length: number): boolean {
    return length >= referencedFromBytes && bytes.buffer !== this.#pool.lentMemory;
  }

  /** Octets waiting. */
  get byteLength(): number {
    return this.#finishedBytes + this.position - this.#segmentStart + this.#sharedEnd - this.#sharedStart;
  }

  /** Octets of memory that what waits pins, with overhead. What others send, too, counts here as if it were ours alone. */
  get heldBytes(): number {
    const { length } = this.#segments ?? noSegments;
    return this.byteLength + (this.buffer?.byteLength ?? 0) + length * segmentOverheadBytes;
  }

  /** The same, but nothing of memory that is in `counted` already; what is counted now is put there. */
  countHeldBytes(counted: Set<ArrayBufferLike>): number {
    const open = [this.buffer, this.#shared?.bytes].filter((bytes) => bytes !== undefined);
    return this.countPinned(this.#segments ?? noSegments, counted) + this.countPinned(open, counted);
  }

  /** Octets of memory that pieces pin, with overhead, but for memory that is in `counted` already. */
  protected countPinned(segments: readonly Uint8Array[], counted: Set<ArrayBufferLike>): number {
    let total = segments.length * segmentOverheadBytes;
    for (const { buffer, byteLength } of segments) {
      if (counted.has(buffer)) continue;
      counted.add(buffer);
      total += Math.max(byteLength, Math.min(buffer.byteLength, maxPinnedAroundBytes));
    }
    return total;
  }

  reserve(size: number): Uint8Array {
    if (this.#shared !== undefined) this.#finishShared(this.#shared);
    const buffer = this.buffer;
    if (buffer !== undefined && buffer.length - this.position >= size) return buffer;
    // Where one is full, there is much to send: the next piece is a long one. First of all, since there may be no memory;
    // then nothing has changed.
    const next = this.#pool.acquire(buffer === undefined ? size : Math.max(size, this.#pool.sizes.largeBytes));
    if (buffer !== undefined) {
      this.#finishSegment(buffer);
      this.#full ??= [];
      this.#full.push(buffer);
    }
    this.buffer = next;
    this.position = 0;
    this.#segmentStart = 0;
    return next;
  }

  append(bytes: Uint8Array): void {
    this.#finishOpen();
    this.#push(bytes);
  }

  /**
   * Appends a piece of octets that many connections send and nobody changes. What lies there in a row is one segment,
   * so that everything published during a turn is written from where it lies.
   */
  appendShared(shared: SharedOctets, start: number, end: number): void {
    if (this.#shared === shared && this.#sharedEnd === start) {
      this.#sharedEnd = end;
      return;
    }
    const length = end - start;
    const isCopied = this.mayWaitLong
      ? length * maxPinnedPerByte < shared.bytes.byteLength
      : length <= copiedSharedBytes && this.byteLength > 0;
    if (isCopied) {
      const buffer = this.reserve(length);
      buffer.set(shared.view(start, end), this.position);
      this.position += length;
      return;
    }
    this.#finishOpen();
    this.#shared = shared;
    this.#sharedStart = start;
    this.#sharedEnd = end;
  }

  #finishOpen(): void {
    if (this.#shared !== undefined) this.#finishShared(this.#shared);
    else if (this.buffer !== undefined) this.#finishSegment(this.buffer);
  }

  #finishShared(shared: SharedOctets): void {
    this.#push(shared.view(this.#sharedStart, this.#sharedEnd));
    this.#shared = undefined;
    this.#sharedStart = 0;
    this.#sharedEnd = 0;
  }

  #finishSegment(buffer: Uint8Array): void {
    if (this.position === this.#segmentStart) return;
    // Not `subarray`, which asks for the species first and takes twice as long.
    this.#push(
      new Uint8Array(buffer.buffer, buffer.byteOffset + this.#segmentStart, this.position - this.#segmentStart),
    );
    this.#segmentStart = this.position;
  }

  #push(segment: Uint8Array): void {
    if (this.#segments === undefined) this.#segments = [segment];
    else this.#segments.push(segment);
    this.#finishedBytes += segment.length;
  }

  /** Everything that waits, in order; it still waits. The next thing to call is `take`, `clear` or `forget`. */
  segments(): readonly Uint8Array[] {
    this.#finishOpen();
    return this.#segments ?? noSegments;
  }

  /** Takes everything, leaving nothing. Empty when there was nothing. */
  take(): OutputBatch {
    const segments = this.segments();
    const buffers = this.#full ?? [];
    if (this.buffer !== undefined) buffers.push(this.buffer);
    const batch: OutputBatch = { segments, byteLength: this.#finishedBytes, buffers };
    this.forget();
    return batch;
  }

  /** Gives a batch's buffers back to the pool, after its segments have been written. */
  release(batch: OutputBatch): void {
    for (const buffer of batch.buffers) this.#pool.release(buffer);
  }

  /** Drops everything that waits; nobody reads it any more, so that its memory is used again. */
  clear(): void {
    if (this.buffer !== undefined) this.#pool.release(this.buffer);
    if (this.#full !== undefined) for (const buffer of this.#full) this.#pool.release(buffer);
    this.forget();
  }

  /** Drops everything that waits, and leaves its memory to whoever reads it. */
  forget(): void {
    this.buffer = undefined;
    this.position = 0;
    this.#segmentStart = 0;
    this.#segments = undefined;
    this.#full = undefined;
    this.#finishedBytes = 0;
    this.#shared = undefined;
    this.#sharedStart = 0;
    this.#sharedEnd = 0;
  }
}

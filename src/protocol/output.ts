/**
 * What a connection has to send, collected until somebody takes it: everything produced during a turn leaves in one
 * write.
 */

/** Lends buffers to connections that have something to send. Idle connections own none. */
export class BufferPool {
  /** Octets of each buffer. */
  readonly bufferBytes: number;
  readonly #maxIdle: number;
  readonly #allocate: (byteLength: number) => Uint8Array;
  readonly #idle: Uint8Array[] = [];

  /**
   * @param allocate makes a buffer; only octets written since are ever read, so it need not be cleared
   * @param bufferBytes octets of each buffer
   * @param maxIdle buffers kept for the next borrower; more are left to the garbage collector
   */
  constructor(
    allocate: (byteLength: number) => Uint8Array = (byteLength) => new Uint8Array(byteLength),
    bufferBytes: number = 32 * 1024,
    maxIdle: number = 64,
  ) {
    this.#allocate = allocate;
    this.bufferBytes = bufferBytes;
    this.#maxIdle = maxIdle;
  }

  /** A buffer of `bufferBytes` octets, or of `minBytes` when that is more. What it holds is of no meaning. */
  acquire(minBytes: number): Uint8Array {
    if (minBytes > this.bufferBytes) return this.#allocate(minBytes);
    return this.#idle.pop() ?? this.#allocate(this.bufferBytes);
  }

  /** Takes back a buffer that nobody reads any more. Buffers of any other size are not kept. */
  release(buffer: Uint8Array): void {
    if (buffer.byteLength === this.bufferBytes && this.#idle.length < this.#maxIdle) this.#idle.push(buffer);
  }

  /** Buffers that wait for a borrower. */
  get idleCount(): number {
    return this.#idle.length;
  }
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

/**
 * Collects octets: small things are written into buffers from the pool, large ones are kept by reference.
 *
 * To write, call `reserve(size)`, write into `buffer` from `position` on, and move `position` past what was written.
 */
export class Output {
  readonly #pool: BufferPool;
  /** The buffer being filled. Read it after `reserve`. */
  buffer: Uint8Array | undefined;
  /** Where the next octet goes. */
  position = 0;
  /** Where the segment that is being filled begins. */
  #segmentStart = 0;
  #segments: Uint8Array[] | undefined;
  #full: Uint8Array[] | undefined;
  #finishedBytes = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Octets waiting. */
  get byteLength(): number {
    return this.#finishedBytes + this.position - this.#segmentStart;
  }

  /** Makes room for `size` octets in one piece and returns the buffer to write them into, at `position`. */
  reserve(size: number): Uint8Array {
    const buffer = this.buffer;
    if (buffer !== undefined && buffer.byteLength - this.position >= size) return buffer;
    if (buffer !== undefined) {
      this.#finishSegment(buffer);
      this.#full ??= [];
      this.#full.push(buffer);
    }
    const next = this.#pool.acquire(size);
    this.buffer = next;
    this.position = 0;
    this.#segmentStart = 0;
    return next;
  }

  /** Appends octets by reference: they must stay as they are until they have been written. */
  append(bytes: Uint8Array): void {
    if (this.buffer !== undefined) this.#finishSegment(this.buffer);
    this.#segments ??= [];
    this.#segments.push(bytes);
    this.#finishedBytes += bytes.byteLength;
  }

  #finishSegment(buffer: Uint8Array): void {
    if (this.position === this.#segmentStart) return;
    this.#segments ??= [];
    this.#segments.push(buffer.subarray(this.#segmentStart, this.position));
    this.#finishedBytes += this.position - this.#segmentStart;
    this.#segmentStart = this.position;
  }

  /** Takes everything, leaving nothing. Empty when there was nothing. */
  take(): OutputBatch {
    const buffer = this.buffer;
    if (buffer !== undefined) {
      this.#finishSegment(buffer);
      this.#full ??= [];
      this.#full.push(buffer);
    }
    const batch: OutputBatch = {
      segments: this.#segments ?? [],
      byteLength: this.#finishedBytes,
      buffers: this.#full ?? [],
    };
    this.buffer = undefined;
    this.position = 0;
    this.#segmentStart = 0;
    this.#segments = undefined;
    this.#full = undefined;
    this.#finishedBytes = 0;
    return batch;
  }

  /** Gives a batch's buffers back to the pool, after its segments have been written. */
  release(batch: OutputBatch): void {
    for (const buffer of batch.buffers) this.#pool.release(buffer);
  }

  /** Drops everything that waits. */
  clear(): void {
    this.release(this.take());
  }
}

/**
 * The LZ77 sliding window of one direction (RFC 7692 §7.2): the last octets of the compressed messages so far,
 * uncompressed, in one row, as zlib takes them for a dictionary.
 *
 * It takes no memory before there is something to remember. One of 4 KiB or less takes its memory in full, a page; a
 * longer one a page first.
 */
import type { OctetRange } from "./extension.js";
import type { Slab } from "./slots.js";
import type { Forgettable, WindowMemory } from "./window-memory.js";
import { WindowLease } from "./window-memory.js";

const pageBytes = 4096;

/** Octets that the objects around a window take. */
export const windowOverheadBytes = 256;

/** Octets that a window of so many bits takes when it is full. */
export function windowBytes(bits: number): number {
  return 2 ** bits + windowOverheadBytes;
}

const noOctets = new Uint8Array(0);

/**
 * A window that remembers whatever happens: a receiver's, for which memory has been reserved. Whoever is done with it
 * clears it, to give its memory back.
 */
export class SlidingWindow implements OctetRange {
  readonly sizeBytes: number;
  readonly #memory: WindowMemory;
  #slab: Slab | undefined;
  #start = 0;
  #end = 0;
  #capacity = 0;

  /** @param bits the base-2 logarithm of its size, from 8 to 15 */
  constructor(bits: number, memory: WindowMemory) {
    this.sizeBytes = 2 ** bits;
    this.#memory = memory;
  }

  /** Where the content lies. */
  get bytes(): Uint8Array {
    return this.#slab?.bytes ?? noOctets;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Octets of memory held, as they are counted. */
  get heldBytes(): number {
    return this.#capacity === 0 ? 0 : this.#capacity + windowOverheadBytes;
  }

  /** Octets of memory that it will hold with `count` octets more, at least one. */
  bytesWith(count: number): number {
    return this.#capacityWith(count) + windowOverheadBytes;
  }

  #capacityWith(count: number): number {
    const isPageEnough = this.#end - this.#start + count <= pageBytes;
    return Math.max(this.#capacity, isPageEnough ? Math.min(this.sizeBytes, pageBytes) : this.sizeBytes);
  }

  /** Remembers the octets from `start` to `end`, and forgets what is further back than its size. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const from = Math.max(start, end - this.sizeBytes);
    const count = end - from;
    if (count === 0) return;
    const kept = Math.min(this.#end - this.#start, this.sizeBytes - count);
    const capacity = this.#capacityWith(count);
    if (capacity > this.#capacity) {
      this.#move(capacity, kept);
    } else if (this.#end + count > this.#start + capacity) {
      this.bytes.copyWithin(this.#start, this.#end - kept, this.#end);
      this.#end = this.#start + kept;
    }
    this.bytes.set(bytes.subarray(from, end), this.#end);
    this.#end += count;
  }

  /** Takes more memory, and the last `kept` octets with it. */
  #move(capacity: number, kept: number): void {
    const { slab, start } = this.#memory.slots(capacity).take();
    if (kept > 0) slab.bytes.set(this.bytes.subarray(this.#end - kept, this.#end), start);
    this.clear();
    this.#slab = slab;
    this.#start = start;
    this.#end = start + kept;
    this.#capacity = capacity;
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#slab !== undefined) this.#memory.slots(this.#capacity).give(this.#slab, this.#start);
    this.#slab = undefined;
    this.#start = 0;
    this.#end = 0;
    this.#capacity = 0;
  }
}

/** A window that may forget, as a sender's: the memory of all of them together is limited. */
export class SenderWindow implements Forgettable {
  readonly #memory: WindowMemory;
  readonly #lease: WindowLease;
  readonly #window: SlidingWindow;

  /** @param bits the base-2 logarithm of its size, from 8 to 15 */
  constructor(bits: number, memory: WindowMemory) {
    this.#memory = memory;
    this.#window = new SlidingWindow(bits, memory);
    this.#lease = new WindowLease(this);
  }

  /** What the next message may refer to; undefined where there is nothing. */
  get history(): OctetRange | undefined {
    return this.#window.heldBytes === 0 ? undefined : this.#window;
  }

  /** Octets of memory held, as they are counted. */
  get heldBytes(): number {
    return this.#lease.bytes;
  }

  /** Remembers what has been sent; or forgets everything, where there is no memory for it. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (!this.#memory.use(this.#lease, this.#window.bytesWith(end - start))) {
      this.forget();
      return;
    }
    try {
      this.#window.append(bytes, start, end);
    } catch {
      // The platform has less of it than the budget.
      this.forget();
    }
  }

  /** Begins anew. */
  forget(): void {
    this.#memory.release(this.#lease);
    this.#window.clear();
  }

  forgotten(): void {
    this.#window.clear();
  }
}

/**
 * The LZ77 sliding window of one direction (RFC 7692 §7.2): the last octets of the compressed messages so far,
 * uncompressed, in one row, as zlib takes them for a dictionary.
 *
 * It takes as much memory as there is to remember, up to its size.
 */
import type { OctetRange } from "./extension.js";
import type { Forgettable, WindowMemory } from "./window-memory.js";
import { WindowLease } from "./window-memory.js";

// A shorter window would grow with the next message.
const firstCapacityBytes = 1024;

/** Octets that a window takes beside its content: the object, its array, and the array's memory block. */
export const windowOverheadBytes = 256;

/** Octets that a window of so many bits takes when it is full. */
export function windowBytes(bits: number): number {
  return 2 ** bits + windowOverheadBytes;
}

const noOctets = new Uint8Array(0);

/** A window that remembers whatever happens: a receiver's, for which memory has been reserved. */
export class SlidingWindow implements OctetRange {
  readonly sizeBytes: number;
  #bytes: Uint8Array = noOctets;
  #end = 0;

  /** @param bits the base-2 logarithm of its size, from 8 to 15 */
  constructor(bits: number) {
    this.sizeBytes = 2 ** bits;
  }

  /** Where the content lies. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get start(): number {
    return 0;
  }

  get end(): number {
    return this.#end;
  }

  /** Octets of memory held, as they are counted. */
  get heldBytes(): number {
    return this.#bytes.byteLength === 0 ? 0 : this.#bytes.byteLength + windowOverheadBytes;
  }

  /** Octets of memory that it will hold with `count` octets more. */
  bytesWith(count: number): number {
    return this.#capacityWith(count) + windowOverheadBytes;
  }

  #capacityWith(count: number): number {
    const needed = Math.min(this.#end + count, this.sizeBytes);
    const current = this.#bytes.byteLength;
    if (needed <= current) return current;
    return Math.min(this.sizeBytes, Math.max(firstCapacityBytes, needed, current * 2));
  }

  /** Remembers the octets from `start` to `end`, and forgets what is further back than its size. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const from = Math.max(start, end - this.sizeBytes);
    const count = end - from;
    if (count === 0) return;
    const kept = Math.min(this.#end, this.sizeBytes - count);
    const capacity = this.#capacityWith(count);
    if (capacity > this.#bytes.byteLength) {
      const grown = new Uint8Array(capacity);
      if (kept > 0) grown.set(this.#bytes.subarray(this.#end - kept, this.#end));
      this.#bytes = grown;
      this.#end = kept;
    } else if (this.#end + count > this.#bytes.byteLength) {
      this.#bytes.copyWithin(0, this.#end - kept, this.#end);
      this.#end = kept;
    }
    this.#bytes.set(bytes.subarray(from, end), this.#end);
    this.#end += count;
  }

  /** Forgets everything. */
  clear(): void {
    this.#bytes = noOctets;
    this.#end = 0;
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
    this.#window = new SlidingWindow(bits);
    this.#lease = new WindowLease(this);
  }

  /** What the next message may refer to; undefined where there is nothing. */
  get history(): OctetRange | undefined {
    return this.#window.end === 0 ? undefined : this.#window;
  }

  /** Octets of memory held, as they are counted. */
  get heldBytes(): number {
    return this.#lease.bytes;
  }

  /** Remembers what has been sent; or forgets everything, where there is no memory for it. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#memory.use(this.#lease, this.#window.bytesWith(end - start))) this.#window.append(bytes, start, end);
    else this.forget();
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

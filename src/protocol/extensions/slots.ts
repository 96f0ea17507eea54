/**
 * Memory for many small arrays of one size, cut from larger pieces.
 *
 * An array of its own for each window costs an object and a block on the C heap, and windows that come, grow and go leave
 * holes there, so that a process takes nearly twice what it counts. Out of pieces, it takes what it counts. A piece of
 * which nothing is used is let go, but for the last one.
 */

/** A piece of memory, cut into slots. */
export interface Slab {
  readonly bytes: Uint8Array;
  /** Where its free slots begin. */
  readonly free: number[];
}

// Large enough that the C library maps it by itself and gives it back when it is freed.
const slabBytes = 256 * 1024;

/** See the head of this file. */
export class Slots {
  readonly slotBytes: number;
  readonly #slotsPerSlab: number;
  /** Slabs with a free slot. */
  readonly #roomy: Slab[] = [];
  #slabCount = 0;

  /** @param slotBytes a power of two, up to 256 KiB */
  constructor(slotBytes: number) {
    this.slotBytes = slotBytes;
    this.#slotsPerSlab = slabBytes / slotBytes;
  }

  /** Octets of all slabs. */
  get heldBytes(): number {
    return this.#slabCount * slabBytes;
  }

  /** A slot: the slab it lies in, and where it begins there. */
  take(): { readonly slab: Slab; readonly start: number } {
    let slab = this.#roomy.at(-1);
    if (slab === undefined) {
      const free = Array.from({ length: this.#slotsPerSlab }, (_, index) => slabBytes - (index + 1) * this.slotBytes);
      slab = { bytes: new Uint8Array(slabBytes), free };
      this.#roomy.push(slab);
      this.#slabCount++;
    }
    // It would not be among them without one.
    const start = slab.free.pop() as number;
    if (slab.free.length === 0) this.#roomy.pop();
    return { slab, start };
  }

  /** Gives a slot back. */
  give(slab: Slab, start: number): void {
    slab.free.push(start);
    if (slab.free.length === 1) this.#roomy.push(slab);
    if (slab.free.length < this.#slotsPerSlab || this.#roomy.length === 1) return;
    this.#roomy.splice(this.#roomy.indexOf(slab), 1);
    this.#slabCount--;
  }
}

/**
 * Memory for pieces of one message, used again when a piece has been passed on.
 *
 * Otherwise the garbage collector would find out when it likes, and tens of MiB of pieces that nobody needs would lie
 * about while a long message passes through.
 */

// As long as what is read at once, in most cases, so that what was made for one piece is long enough for another.
const unitBytes = 16 * 1024;
// What waits to be read at most by default, and the piece that is lent.
const maxSpareBytes = 128 * 1024;

/** See the head of this file. */
export class SparePieces {
  readonly #spare: ArrayBufferLike[] = [];
  #spareBytes = 0;

  /** Memory for a piece, which is not cleared. */
  take(byteLength: number): Uint8Array {
    const index = this.#spare.findIndex((memory) => memory.byteLength >= byteLength);
    const [memory] = index < 0 ? [] : this.#spare.splice(index, 1);
    if (memory === undefined) {
      const madeBytes = byteLength < unitBytes / 2 ? byteLength : Math.ceil(byteLength / unitBytes) * unitBytes;
      return new Uint8Array(new ArrayBuffer(madeBytes), 0, byteLength);
    }
    this.#spareBytes -= memory.byteLength;
    return new Uint8Array(memory, 0, byteLength);
  }

  /** A copy of octets. */
  copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const copy = this.take(to - from);
    copy.set(bytes.subarray(from, to));
    return copy;
  }

  /** Nobody reads a piece any more, nor anything else in its memory. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer.byteLength < unitBytes || this.#spareBytes + buffer.byteLength > maxSpareBytes) return;
    this.#spareBytes += buffer.byteLength;
    this.#spare.push(buffer);
  }
}

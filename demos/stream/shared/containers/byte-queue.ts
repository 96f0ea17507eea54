// Octets that come in pieces of any size, and are read in elements that have to be whole.

/** See the head of this file. */
export class ByteQueue {
  readonly #maxBytes: number;
  #octets: Uint8Array = new Uint8Array(0);

  /** @param maxBytes What an element may have, so that a length that is wrong does not gather octets for ever. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** All that has come and was not taken: a view, which stays as it is. */
  get octets(): Uint8Array {
    return this.#octets;
  }

  push(octets: Uint8Array): void {
    this.#octets = joinOctets(this.#octets, octets);
  }

  /**
   * Takes so many octets, a view of them.
   * @returns Nothing when they have not all come.
   * @throws RangeError when there are more than an element may have
   */
  take(count: number): Uint8Array | undefined {
    if (count > this.#maxBytes) throw new RangeError(`an element of ${count} octets is longer than ${this.#maxBytes}`);
    if (count > this.#octets.length) return undefined;
    const taken = this.#octets.subarray(0, count);
    this.#octets = this.#octets.subarray(count);
    return taken;
  }
}

/** Makes one of several. */
export function joinOctets(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

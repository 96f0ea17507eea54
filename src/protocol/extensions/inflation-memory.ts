/**
 * The memory that unfinished messages take once they are inflated, for all connections together.
 *
 * A message in pieces that is inflated as it comes holds what it has become until it ends, a thousand times what its
 * sender has sent, and a sender need never end it. So there is a budget: before a piece is inflated, the most that can
 * become of it is taken from there, and where there is not enough, it waits as it came, compressed. Then a peer makes us
 * hold what it has sent. Nothing fails and nothing waits for others.
 */

/** Eight messages of the longest that the default limits allow. */
export const defaultInflationMemoryBytes: number = 128 * 1024 * 1024;

/** Deflate makes no more of an octet: two bits for a copy of 258 octets. */
export const maxInflatedPerOctet = 1032;

/** See the head of this file. */
export class InflationMemory {
  /** Octets that all unfinished messages together may become before they end. */
  readonly maxBytes: number;
  #takenBytes = 0;

  constructor(maxBytes: number = defaultInflationMemoryBytes) {
    this.maxBytes = maxBytes;
  }

  /** Octets that are held, or may be soon. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes some. Returns whether there was enough. */
  take(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.maxBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  /** Gives back what `take` has granted. */
  giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}

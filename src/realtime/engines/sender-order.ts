/**
 * That whoever listens hears what a sender says in its order, and once: what lay in a connection that the sender has given up
 * may come to a server long after what it has sent over another one since.
 */

// Nodes that have ended are not told of; of so many, those that were heard of first are forgotten.
const defaultMaxSenders = 1000;

/** See the head of this file. */
export class SenderOrder {
  readonly #newest = new Map<string, number>();
  readonly #maxSenders: number;

  /** @param maxSenders that are remembered */
  constructor(maxSenders: number = defaultMaxSenders) {
    this.#maxSenders = maxSenders;
  }

  /** @returns whether nothing was heard yet that the sender has sent at the same time or later */
  isNewer(sender: string, number: number): boolean {
    const newest = this.#newest.get(sender);
    if (newest !== undefined && number <= newest) return false;
    this.#newest.set(sender, number);
    if (newest === undefined && this.#newest.size > this.#maxSenders) {
      for (const first of this.#newest.keys()) {
        this.#newest.delete(first);
        break;
      }
    }
    return true;
  }
}

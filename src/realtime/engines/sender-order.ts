/**
 * That whoever listens hears what a sender says in its order, and once: what lay in a connection that the sender has given up
 * may come to a server long after what it has sent over another one since.
 */

// Senders that have ended are not told of; of so many, those that were heard of first are forgotten.
const defaultMaxSenders = 1000;

/** What is remembered. */
export interface SenderOrderOptions {
  /** Senders that are remembered; default 1000. */
  readonly maxSenders?: number;
  /** Milliseconds after which nothing is too late any more, be its number what it may; default: never. */
  readonly forgetAfterMs?: number;
  /** The time in milliseconds, from whenever on. */
  readonly now?: () => number;
}

interface Newest {
  readonly number: number;
  readonly atMs: number;
}

/** See the head of this file. */
export class SenderOrder {
  readonly #newest = new Map<string, Newest>();
  readonly #maxSenders: number;
  readonly #forgetAfterMs: number;
  readonly #now: () => number;

  constructor({
    maxSenders = defaultMaxSenders,
    forgetAfterMs = Number.POSITIVE_INFINITY,
    now = () => 0,
  }: SenderOrderOptions = {}) {
    this.#maxSenders = maxSenders;
    this.#forgetAfterMs = forgetAfterMs;
    this.#now = now;
  }

  /** @returns whether nothing was heard yet that the sender has sent at the same time or later */
  isNewer(sender: string, number: number): boolean {
    const newest = this.#newest.get(sender);
    const atMs = this.#now();
    if (newest !== undefined && number <= newest.number && atMs - newest.atMs < this.#forgetAfterMs) return false;
    this.#newest.set(sender, { number, atMs });
    if (newest === undefined && this.#newest.size > this.#maxSenders) {
      for (const first of this.#newest.keys()) {
        this.#newest.delete(first);
        break;
      }
    }
    return true;
  }
}

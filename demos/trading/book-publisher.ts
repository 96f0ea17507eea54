// Puts one book into its channel, change by change, while somebody follows it. What nobody looks at is not written down.
import type { Market } from "./exchange/market.js";
import { levelKey } from "./shared/book-view.js";
import { type BookMark, MARK_KEY, type Side } from "./shared/contract.js";

/** Changes whose checksum is remembered: some seconds of the busiest book, for pages that ask late. */
const CHECKSUMS_KEPT = 1_024;

/** Where a book is put. */
export interface BookState {
  set(key: string, value: string | BookMark): void;
  delete(key: string): void;
}

/** See the head of this file. */
export class BookPublisher {
  readonly #market: Market;
  readonly #state: BookState;
  /** What the channel has: sizes by key. */
  readonly #published = new Map<string, string>();
  /** What the order that is being handled changed; undefined: the level is gone. */
  readonly #changed = new Map<string, string | undefined>();
  /** By revision, the oldest first. */
  readonly #checksums = new Map<number, number>();
  #isActive = false;
  /** When somebody was let in last, by any clock that does not go backward. */
  #wantedAtMs = Number.NEGATIVE_INFINITY;

  constructor(market: Market, state: BookState) {
    this.#market = market;
    this.#state = state;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Somebody is about to follow it: from the end of this turn on, the channel has all of the book. */
  wanted(nowMs: number): void {
    this.#wantedAtMs = nowMs;
    if (this.#isActive) return;
    this.#isActive = true;
    const market = this.#market;
    const now = new Map<string, string>();
    for (const side of ["buy", "sell"] as const) {
      for (const [price, size] of market.written(side)) now.set(levelKey(side, price), size);
    }
    for (const key of this.#published.keys()) {
      if (!now.has(key)) this.#changed.set(key, undefined);
    }
    for (const [key, size] of now) {
      if (this.#published.get(key) !== size) this.#changed.set(key, size);
    }
    this.#publish();
  }

  /**
   * Nobody follows it, as far as the server knows.
   * @param graceMs Whoever was let in has as long to get there.
   */
  unwanted(nowMs: number, graceMs: number): void {
    if (nowMs - this.#wantedAtMs < graceMs) return;
    this.#isActive = false;
    this.#checksums.clear();
  }

  levelChanged(side: Side, ticks: number, lots: number): void {
    if (!this.#isActive) return;
    const { price, size } = this.#market.steps;
    this.#changed.set(levelKey(side, price.format(ticks)), lots === 0 ? undefined : size.format(lots));
  }

  bookChanged(): void {
    if (this.#isActive) this.#publish();
  }

  /** All changes in one turn, so that no update has half of them. */
  #publish(): void {
    for (const [key, size] of this.#changed) {
      if (size !== undefined) {
        this.#published.set(key, size);
        this.#state.set(key, size);
      } else if (this.#published.delete(key)) this.#state.delete(key);
    }
    this.#changed.clear();
    const mark = this.#market.mark();
    this.#state.set(MARK_KEY, mark);
    this.#checksums.set(mark.revision, mark.checksum);
    for (const oldest of this.#checksums.keys()) {
      if (this.#checksums.size <= CHECKSUMS_KEPT) break;
      this.#checksums.delete(oldest);
    }
  }

  /** The checksum that the book had at a revision, as far as that is remembered. */
  checksumAt(revision: number): number | undefined {
    return this.#checksums.get(revision);
  }
}

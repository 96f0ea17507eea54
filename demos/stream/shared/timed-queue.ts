// What others said while they saw a moment of a stream, until the one who looks here sees that moment, too.

interface Held<Item> {
  readonly item: Item;
  readonly timeMs: number;
  readonly cameMs: number;
}

/** See the head of this file. */
export class TimedQueue<Item> {
  readonly #maxWaitMs: number;
  #held: Held<Item>[] = [];

  /** @param maxWaitMs For so long an item waits at most: somebody's clock may be wrong, and a stream may stand still. */
  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  get size(): number {
    return this.#held.length;
  }

  /**
   * @param timeMs The moment of the stream that it belongs to.
   * @param nowMs The clock of this page.
   */
  add(item: Item, timeMs: number, nowMs: number): void {
    this.#held.push({ item, timeMs, cameMs: nowMs });
  }

  /**
   * Takes out what is due, in the order in which it came.
   * @param shownMs The moment that is shown; undefined where nothing is, so that there is nothing to wait for.
   */
  due(shownMs: number | undefined, nowMs: number): Item[] {
    const isDue = ({ timeMs, cameMs }: Held<Item>): boolean =>
      shownMs === undefined || timeMs <= shownMs || nowMs - cameMs >= this.#maxWaitMs;
    const due = this.#held.filter(isDue);
    if (due.length > 0) this.#held = this.#held.filter((held) => !isDue(held));
    return due.map(({ item }) => item);
  }
}

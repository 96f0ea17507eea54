/**
 * Chance that comes again with the same seed.
 */
import { SeededRandom } from "../testing/seeded-random.js";

/** See the head of this file. */
export class Chance extends SeededRandom {
  /** A number from one up to but not including another. */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** The wait for the next of events that come by chance, so many milliseconds apart on average. */
  wait(meanMs: number): number {
    return -Math.log(1 - this.next()) * meanMs;
  }

  /** The same items in an order by chance. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const left = [...items];
    const drawn: Item[] = [];
    while (left.length > 0) drawn.push(...left.splice(this.integer(0, left.length - 1), 1));
    return drawn;
  }
}

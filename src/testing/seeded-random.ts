/**
 * Numbers that look random and are the same in every run with the same seed.
 */

/** A small generator (mulberry32). Not for secrets: whoever sees a few numbers can tell the others. */
export class SeededRandom {
  /** What it was made with; print it where something fails, and the run can be repeated. */
  readonly seed: number;
  #state: number;

  /** @param seed a whole number, of which the lowest 32 bits count. Default: one drawn by chance */
  constructor(seed: number = Math.floor(Math.random() * 0x1_0000_0000)) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** The next number, from 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True with this probability, from 0 (never) to 1 (always). */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /**
   * One of several things, each as likely as the others.
   *
   * @throws RangeError when there is nothing to choose from
   */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("there is nothing to choose from");
    return items[this.integer(0, items.length - 1)] as Item;
  }

  /** `count` octets. */
  octets(count: number): Uint8Array {
    const octets = new Uint8Array(count);
    for (let index = 0; index < count; index++) octets[index] = this.integer(0, 255);
    return octets;
  }

  /** Another generator, whose numbers do not depend on how many are drawn from this one afterwards. */
  fork(): SeededRandom {
    return new SeededRandom(this.integer(0, 0xffff_ffff));
  }
}

// Chance that can be had again: the same seed, the same numbers (the generator sfc32, and what is drawn with it).

/** A row of random numbers. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed An integer from 0 to 2^32 - 1. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = 0x9e3779b9;
    this.#c = 0x243f6a88;
    // Until nothing is left of how similar two seeds are.
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** From 0 up to 1, which is left out. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  }

  /** An integer from 0 up to `count`, which is left out. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** The time to the next event of a Poisson process whose events are `mean` apart. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Normally distributed, around 0 with a standard deviation of 1. */
  gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

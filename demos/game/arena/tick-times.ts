// How long ticks take: the newest of them.

/** See the head of this file. */
export class TickTimes {
  readonly #capacity: number;
  readonly #times: number[] = [];
  #next = 0;

  /** @param capacity How many of the newest count. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#times.length;
  }

  add(ms: number): void {
    this.#times[this.#next] = ms;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Forgets all. */
  clear(): void {
    this.#times.length = 0;
    this.#next = 0;
  }

  /** Milliseconds that so many percent took at most; 0 where there are none. */
  percentile(percent: number): number {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0;
  }
}

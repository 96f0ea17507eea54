// The newest latencies, sorted into classes that grow with what they hold.

/** Upper ends of the classes in milliseconds; what is above the last has a class of its own. */
export const CLASS_ENDS_MS: readonly number[] = [1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 135, 200, 300, 450, 700, 1000];

/** See the head of this file. */
export class LatencyHistogram {
  readonly #capacity: number;
  /** The oldest first. */
  readonly #latencies: number[] = [];

  /** @param capacity How many of the newest count. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many count now. */
  get size(): number {
    return this.#latencies.length;
  }

  /** @param latencyMs Below 0, as clocks are never quite right, it counts as 0. */
  add(latencyMs: number): void {
    this.#latencies.push(Math.max(0, latencyMs));
    if (this.#latencies.length > this.#capacity) this.#latencies.shift();
  }

  /** How many are in each class, and in the one above. */
  classes(): readonly number[] {
    const counts = Array.from({ length: CLASS_ENDS_MS.length + 1 }, () => 0);
    for (const latencyMs of this.#latencies) {
      const found = CLASS_ENDS_MS.findIndex((endMs) => latencyMs <= endMs);
      counts[found === -1 ? CLASS_ENDS_MS.length : found]! += 1;
    }
    return counts;
  }

  /**
   * The latency that so many percent are no longer than; undefined when there is none.
   * @param percent Above 0, at most 100.
   */
  percentile(percent: number): number | undefined {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
  }
}

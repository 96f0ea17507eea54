/** A token bucket; time comes in as an argument. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  #tokens: number;
  #countedAtMs: number;

  /**
   * @param capacity How many may come at once.
   * @param perSecond How many per second in the long run; above 0.
   * @param nowMs The time now, in milliseconds of any clock that does not go backward.
   */
  constructor(capacity: number, perSecond: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#tokens = capacity;
    this.#countedAtMs = nowMs;
  }

  /**
   * Takes a token if there is one.
   * @param nowMs The time now.
   * @returns 0 when taken; otherwise how many milliseconds to wait until there is one.
   */
  take(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#countedAtMs);
    this.#countedAtMs = nowMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000);
  }
}

/**
 * How much may come in what time: a bucket of tokens that fills steadily and is emptied by what comes. Time is an
 * argument; there is no clock in here.
 */

// Less than this is lost to arithmetic, and no debt.
const roundingError = 1e-6;

/** See the head of this file. */
export class TokenBucket {
  /** Tokens that it holds when it is full. */
  readonly burst: number;
  readonly #perMs: number;
  #tokens: number;
  #atMs: number;
  /** Until when it may hold more than `burst`. */
  #overfullUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * A full bucket.
   *
   * @param perSecond tokens that come back in a second; more than 0
   * @param burst tokens that it holds
   */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Tokens that are there; below 0, as many are owed. */
  tokensAt(nowMs: number): number {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    const room = nowMs < this.#overfullUntilMs ? Math.max(this.burst, this.#tokens) : this.burst;
    return Math.min(room, this.#tokens + passedMs * this.#perMs);
  }

  /**
   * Nobody could take any for so long, up to now: what came back in that time is there, be it more than `burst`. What is
   * not taken within the same time again is lost.
   */
  missed(ms: number, nowMs: number): void {
    this.#tokens = this.tokensAt(nowMs - ms) + ms * this.#perMs;
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#overfullUntilMs = nowMs + ms;
  }

  /** Whether it owes any. */
  isOwingAt(nowMs: number): boolean {
    return this.tokensAt(nowMs) < -roundingError;
  }

  /** Takes tokens, whether they are there or not: what has come cannot be sent back. */
  take(count: number, nowMs: number): void {
    this.#tokens = this.tokensAt(nowMs) - count;
    this.#atMs = Math.max(this.#atMs, nowMs);
  }

  /** Takes tokens if they are there. */
  takeIfThere(count: number, nowMs: number): boolean {
    if (this.tokensAt(nowMs) < count - roundingError) return false;
    this.take(count, nowMs);
    return true;
  }

  /** Milliseconds until it owes none. */
  owesForMs(nowMs: number): number {
    return this.isOwingAt(nowMs) ? Math.ceil(-this.tokensAt(nowMs) / this.#perMs) : 0;
  }
}

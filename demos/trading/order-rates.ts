// How often users place orders, over all their pages.
import { TokenBucket } from "../site/rate-limit.js";
import { ORDERS_BURST, ORDERS_PER_SECOND } from "./shared/limits.js";

/** Users that are remembered: whoever was longest away has all of its tokens again. */
const USERS_MAX = 1_000;

/** See the head of this file. */
export class OrderRates {
  readonly #buckets = new Map<string, TokenBucket>();

  /**
   * Somebody wants to place or cancel an order.
   * @returns 0 when they may; otherwise in how many milliseconds they may.
   */
  take(user: string, nowMs: number): number {
    const bucket = this.#buckets.get(user) ?? new TokenBucket(ORDERS_BURST, ORDERS_PER_SECOND, nowMs);
    this.#buckets.delete(user);
    this.#buckets.set(user, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= USERS_MAX) break;
      this.#buckets.delete(oldest);
    }
    return bucket.take(nowMs);
  }
}

/**
 * How many requests users make, over all their connections.
 */
// By its file: nothing else of sockets is needed here.
import { TokenBucket } from "../../socket/token-bucket.js";
import type { RealtimePlatform } from "./connection.js";
import type { ResolvedLimits } from "./limits.js";

interface UserRate {
  readonly bucket: TokenBucket;
  sessions: number;
}

/** What a request comes to. */
export type RateVerdict = "allowed" | "flood" | { readonly retryAfterMs: number };

/** See the head of this file. */
export class UserRates {
  readonly #platform: RealtimePlatform;
  readonly #limits: ResolvedLimits;
  readonly #byUser = new Map<string, UserRate>();

  constructor(platform: RealtimePlatform, limits: ResolvedLimits) {
    this.#platform = platform;
    this.#limits = limits;
  }

  /** A session of a user's begins. */
  enter(user: string): void {
    const rate = this.#byUser.get(user);
    if (rate !== undefined) rate.sessions++;
    else this.#byUser.set(user, { bucket: this.#bucket(), sessions: 1 });
  }

  /** A session of a user's ends. What it owes is owed until it would have been made up for. */
  leave(user: string): void {
    const rate = this.#byUser.get(user);
    if (rate === undefined) return;
    rate.sessions--;
    if (rate.sessions === 0) this.#forgetWhenFull(user, rate);
  }

  #forgetWhenFull(user: string, rate: UserRate): void {
    const missing = this.#limits.requestBurst - rate.bucket.tokensAt(this.#platform.now());
    const delayMs = (missing / this.#limits.requestsPerSecond) * 1000;
    const forget = (): void => {
      if (rate.sessions === 0 && this.#byUser.get(user) === rate) this.#byUser.delete(user);
    };
    if (delayMs <= 0) forget();
    else this.#platform.setTimer(forget, delayMs);
  }

  /** A request has come. */
  take(user: string): RateVerdict {
    const bucket = this.#byUser.get(user)?.bucket;
    if (bucket === undefined) return "allowed";
    const nowMs = this.#platform.now();
    bucket.take(1, nowMs);
    if (!bucket.isOwingAt(nowMs)) return "allowed";
    if (bucket.tokensAt(nowMs) < -this.#limits.requestBurst) return "flood";
    return { retryAfterMs: bucket.owesForMs(nowMs) };
  }

  #bucket(): TokenBucket {
    return new TokenBucket(this.#limits.requestsPerSecond, this.#limits.requestBurst, this.#platform.now());
  }
}

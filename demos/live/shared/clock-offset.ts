// How far the server's clock is ahead of the page's, so that a latency measured on another device is right as well. As
// in NTP, each exchange says where the server's clock stood between two readings of ours; its error is at most half the
// round trip, so the exchange with the shortest one is believed. Old exchanges are dropped, because clocks drift.

const EXCHANGES_KEPT = 12;

interface Exchange {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** An estimate of (server's clock - local clock) from request/response exchanges. */
export class ClockOffset {
  #exchanges: Exchange[] = [];

  /** Number of exchanges that the estimate rests on. */
  get exchanges(): number {
    return this.#exchanges.length;
  }

  /** The best estimate in milliseconds, or nothing before the first exchange. */
  get offsetMs(): number | undefined {
    return this.#best?.offsetMs;
  }

  /** The shortest round trip among the exchanges kept, in milliseconds; half of it bounds the error of the offset. */
  get roundTripMs(): number | undefined {
    return this.#best?.roundTripMs;
  }

  get #best(): Exchange | undefined {
    return this.#exchanges.reduce<Exchange | undefined>(
      (best, exchange) => (best === undefined || exchange.roundTripMs < best.roundTripMs ? exchange : best),
      undefined,
    );
  }

  /**
   * Adds one exchange.
   * @param sentAtMs Local clock when the request left.
   * @param serverTimeMs Server's clock when it answered.
   * @param receivedAtMs Local clock when the answer arrived; a time before `sentAtMs` is ignored.
   */
  add(sentAtMs: number, serverTimeMs: number, receivedAtMs: number): void {
    const roundTripMs = receivedAtMs - sentAtMs;
    if (roundTripMs < 0) return;
    this.#exchanges.push({ offsetMs: serverTimeMs - (sentAtMs + receivedAtMs) / 2, roundTripMs });
    if (this.#exchanges.length > EXCHANGES_KEPT) this.#exchanges.shift();
  }

  /** Forgets everything: another server, or a computer that slept. */
  reset(): void {
    this.#exchanges = [];
  }
}

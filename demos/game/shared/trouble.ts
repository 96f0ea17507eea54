// A network that is worse than it is: when what is sent now arrives. As over TCP, nothing is lost and nothing overtakes
// what was sent before it.

/** How bad it is. */
export interface Trouble {
  /** Milliseconds that everything takes longer, each way. */
  readonly lagMs: number;
  /** Up to so many milliseconds more, by chance. */
  readonly jitterMs: number;
  /** Nothing arrives for so many milliseconds … */
  readonly stallMs: number;
  /** … each time that so many have passed; 0: never. */
  readonly stallEveryMs: number;
}

/** The network as it is. */
export const NO_TROUBLE: Trouble = { lagMs: 0, jitterMs: 0, stallMs: 0, stallEveryMs: 0 };

/** One way of the network. */
export class TroubledWay {
  readonly #random: () => number;
  #last = Number.NEGATIVE_INFINITY;

  /** @param random From 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * When something arrives that is sent now, by the same clock.
   * @param trouble How bad the network is now; what is on its way already is not changed by it.
   */
  arrivalMs(nowMs: number, { lagMs, jitterMs, stallMs, stallEveryMs }: Trouble): number {
    let dueMs = nowMs + lagMs + this.#random() * jitterMs;
    if (stallEveryMs > 0) {
      const intoMs = dueMs % stallEveryMs;
      if (intoMs < stallMs) dueMs += stallMs - intoMs;
    }
    this.#last = Math.max(this.#last, dueMs);
    return this.#last;
  }

  /** Whether something that was sent before has not arrived at this moment. */
  isBusy(nowMs: number): boolean {
    return this.#last > nowMs;
  }
}

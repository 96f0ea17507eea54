/**
 * How far the server's clock is from ours, estimated from round trips (docs/protocol.md, "Session").
 */

interface Sample {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

// Old ones leave, since clocks drift.
const maxSamples = 8;

/** See the head of this file. */
export class ClockOffset {
  #samples: Sample[] = [];

  /**
   * A round trip.
   *
   * @param sentMs when it began, by our clock
   * @param receivedMs when it ended, by our clock
   * @param theirMs what the server's clock said in between
   */
  add(sentMs: number, receivedMs: number, theirMs: number): void {
    this.#samples.push({ offsetMs: theirMs - (sentMs + receivedMs) / 2, roundTripMs: receivedMs - sentMs });
    if (this.#samples.length > maxSamples) this.#samples.shift();
  }

  /** The one with the shortest round trip: its error is no more than half of that. */
  get best(): Sample | undefined {
    let best: Sample | undefined;
    for (const sample of this.#samples) {
      if (best === undefined || sample.roundTripMs <= best.roundTripMs) best = sample;
    }
    return best;
  }
}

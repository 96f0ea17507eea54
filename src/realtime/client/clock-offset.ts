/**
 * How far the server's clock is from ours, estimated from round trips (docs/protocol.md, "Session").
 */

interface Sample {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

// So many worse ones later, another takes its place, since clocks drift.
const maxWorse = 8;

/** See the head of this file. */
export class ClockOffset {
  /** The one with the shortest round trip: its error is no more than half of that. */
  best: Sample | undefined;
  #worse = 0;

  /**
   * A round trip.
   *
   * @param sentMs when it began, by our clock
   * @param receivedMs when it ended, by our clock
   * @param theirMs what the server's clock said in between
   */
  add(sentMs: number, receivedMs: number, theirMs: number): void {
    const roundTripMs = receivedMs - sentMs;
    if (this.best !== undefined && roundTripMs > this.best.roundTripMs && ++this.#worse < maxWorse) return;
    this.#worse = 0;
    this.best = { offsetMs: theirMs - (sentMs + receivedMs) / 2, roundTripMs };
  }
}

/**
 * How the reconnects of many clients are spread: by the delays that they have chosen, not by when they come, which is the
 * machine's affair.
 */

/** A delay, and the bound below which it was drawn. */
export interface ChosenDelay {
  readonly delayMs: number;
  readonly boundMs: number;
}

/** How a number of delays are spread. */
export interface Spread {
  readonly count: number;
  /** The share of them in the fullest tenth of the range from 0 to the bound. */
  readonly fullestShare: number;
  /** What that may be, where each was drawn for itself and from all of the range. */
  readonly allowedShare: number;
}

const tenths = 10;
// Of a fair draw, the fullest of ten parts is fuller than that once in 300,000 times.
const deviations = 5;

/** Counts delays by tenths of their bounds. */
export function spreadOf(delays: readonly ChosenDelay[]): Spread {
  const counts = Array.from({ length: tenths }, () => 0);
  for (const { delayMs, boundMs } of delays) {
    const tenth = Math.min(tenths - 1, Math.floor((delayMs / boundMs) * tenths));
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  const even = 1 / tenths;
  const count = delays.length;
  return {
    count,
    fullestShare: Math.max(...counts) / Math.max(1, count),
    allowedShare: Math.min(1, even + deviations * Math.sqrt((even * (1 - even)) / Math.max(1, count))),
  };
}

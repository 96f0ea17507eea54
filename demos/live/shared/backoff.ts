// How long to wait before connecting again. Full jitter: any time up to a bound that doubles, so that the pages which a
// restart threw off together do not come back together.

const FIRST_BOUND_MS = 500;
const LAST_BOUND_MS = 10_000;

/**
 * The wait before the next attempt, in milliseconds.
 * @param failures Attempts that failed in a row; 0 or more.
 * @param random A number of at least 0 and below 1.
 */
export function backoffMs(failures: number, random: number): number {
  const boundMs = Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** Math.min(failures, 30));
  return Math.round(random * boundMs);
}

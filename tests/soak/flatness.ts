/**
 * Whether a measured value grows, told by statistics that a few wild samples do not sway.
 */

/** What was found about one value. */
export interface Verdict {
  readonly isFlat: boolean;
  /** By how much it grew from the first block to the last, in its own unit, along the slope. */
  readonly growth: number;
  /** What it may grow by. */
  readonly tolerance: number;
}

// A collection frees what it likes; the least of a few samples is what cannot be freed.
const blockSamples = 5;

/**
 * Judges samples taken at regular moments. The first third is the time in which things warm up: caches fill, code is
 * compiled, pools reach their size.
 *
 * @param relativeTolerance growth that is no growth, as a part of the median
 * @param absoluteTolerance the same in the value's unit; the greater of both counts
 */
export function judgeFlatness(
  samples: readonly number[],
  relativeTolerance: number,
  absoluteTolerance: number,
): Verdict {
  const warm = samples.slice(Math.floor(samples.length / 3));
  const minima = minimaOf(warm);
  const growth = theilSenSlope(minima) * (minima.length - 1);
  const tolerance = Math.max(absoluteTolerance, median(minima) * relativeTolerance);
  return { isFlat: growth <= tolerance, growth, tolerance };
}

/** The least of every few samples in a row; where there are few, of fewer. */
export function minimaOf(samples: readonly number[]): number[] {
  const size = Math.max(1, Math.min(blockSamples, Math.floor(samples.length / 4)));
  const minima: number[] = [];
  for (let start = 0; start + size <= samples.length; start += size) {
    minima.push(Math.min(...samples.slice(start, start + size)));
  }
  return minima;
}

/** The median of the slopes between any two (Theil, Sen): a quarter of the samples may be anything. */
export function theilSenSlope(values: readonly number[]): number {
  const slopes: number[] = [];
  for (const [index, value] of values.entries()) {
    for (const [later, other] of values.entries()) {
      if (later > index) slopes.push((other - value) / (later - index));
    }
  }
  return median(slopes);
}

/** The value in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

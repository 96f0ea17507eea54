/**
 * From samples to what is published: medians, and ratios to the baseline.
 *
 * @typedef {import("./measure.js").Sample} Sample
 * @typedef {{ median: number, lowest: number, highest: number }} Ratio
 */

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median of each figure.
 *
 * @param {readonly Sample[]} samples
 * @returns {Sample}
 */
export function medians(samples) {
  const names = /** @type {(keyof Sample)[]} */ (Object.keys(samples[0]));
  const entries = names.map((name) => [name, median(samples.map((sample) => sample[name]))]);
  return Object.fromEntries(entries);
}

/**
 * Ratios of one figure, round by round: what disturbs the machine for longer than a window disturbs both sides of a
 * round.
 *
 * @param {readonly Sample[]} samples
 * @param {readonly Sample[]} baseline of the same rounds
 * @param {keyof Sample} name
 * @returns {Ratio}
 */
export function ratio(samples, baseline, name) {
  const ratios = samples.map((sample, round) => sample[name] / baseline[round][name]);
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

/**
 * @param {Map<string, Sample[]>} samplesByPeer
 * @param {string} baselineName
 */
export function summarize(samplesByPeer, baselineName) {
  const baseline = samplesByPeer.get(baselineName);
  return [...samplesByPeer].map(([peer, samples]) => ({
    peer,
    medians: medians(samples),
    ...(baseline === undefined || peer === baselineName
      ? {}
      : {
          ratios: {
            cpuPerMessage: ratio(samples, baseline, "cpuMicrosecondsPerMessage"),
            messagesPerSecond: ratio(samples, baseline, "messagesPerSecond"),
          },
        }),
    samples,
  }));
}

/**
 * From samples to what is published: medians, and ratios of each peer to each other one.
 *
 * @typedef {Readonly<Record<string, number>>} Sample figures by their names
 * @typedef {{ median: number, lowest: number, highest: number }} Ratio
 *
 * @typedef {object} Result of one peer on one workload
 * @property {string} peer
 * @property {Sample} medians
 * @property {Record<string, Record<string, Ratio>>} ratios by the other peer and the figure: this one's divided by that
 *   one's
 * @property {Record<string, number[]>} samples by figure, in the order of the rounds
 */

/** @param {readonly number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Five digits are more than any of these figures is good for, and keep the record readable. */
export function rounded(value) {
  return Number(value.toPrecision(5));
}

/**
 * Ratios of one figure, round by round: what disturbs the machine for longer than a window disturbs both sides of a
 * round.
 *
 * @param {readonly number[]} values
 * @param {readonly number[]} others of the same rounds
 * @returns {Ratio}
 */
export function ratio(values, others) {
  const ratios = values.map((value, round) => value / others[round]);
  return {
    median: rounded(median(ratios)),
    lowest: rounded(Math.min(...ratios)),
    highest: rounded(Math.max(...ratios)),
  };
}

/**
 * @param {ReadonlyMap<string, readonly Sample[]>} samplesByPeer each peer's, of the same rounds; none is left out
 *   where there are no samples
 * @param {readonly string[]} compared figures of which ratios are taken
 * @returns {Result[]}
 */
export function summarize(samplesByPeer, compared) {
  const columns = [...samplesByPeer].map(([peer, samples]) => {
    const names = Object.keys(samples[0]);
    return { peer, byFigure: Object.fromEntries(names.map((name) => [name, samples.map((sample) => sample[name])])) };
  });
  return columns.map(({ peer, byFigure }) => ({
    peer,
    medians: mapValues(byFigure, (values) => rounded(median(values))),
    ratios: Object.fromEntries(
      columns
        .filter((other) => other.peer !== peer)
        .map((other) => [
          other.peer,
          Object.fromEntries(compared.map((name) => [name, ratio(byFigure[name], other.byFigure[name])])),
        ]),
    ),
    samples: mapValues(byFigure, (values) => values.map(rounded)),
  }));
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

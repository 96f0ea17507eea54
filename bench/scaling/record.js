/**
 * From samples to what is published: medians, what several nodes cost beside one, and what openline costs beside the
 * adapters, each round by round.
 *
 * @typedef {import("../lib/summary.js").Ratio} Ratio
 *
 * @typedef {object} ScalingResult of a system as so many nodes
 * @property {string} system
 * @property {number} nodes
 * @property {Record<string, number>} medians
 * @property {Record<string, Ratio>} [toOneNode] by figure: this one's divided by that of one node
 * @property {Record<string, Record<string, Ratio>>} [toAdapters] of openline's, by adapter and figure
 * @property {Record<string, number[]>} samples by figure, in the order of the rounds
 */
import { median, ratio, rounded } from "../lib/summary.js";

const compared = ["deliveriesPerSecond", "cpuMicrosecondsPerDelivery", "engineCpuMicrosecondsPerDelivery"];
const comparedToAdapters = [...compared, "latencyP99Microseconds", "residentBytesPerNode"];

/** Samples of one workload: by system and number of nodes, and by round. A round may be missing where one failed. */
export class Samples {
  /** @type {Map<string, { system: string, nodes: number, rounds: Map<number, Record<string, number>> }>} */
  #columns = new Map();

  /**
   * @param {{ system: string, nodes: number, round: number }} where
   * @param {Record<string, number>} figures
   */
  add({ system, nodes, round }, figures) {
    const key = `${system} ${nodes}`;
    const column = this.#columns.get(key) ?? { system, nodes, rounds: new Map() };
    column.rounds.set(round, figures);
    this.#columns.set(key, column);
  }

  /** @returns {ScalingResult[]} */
  results() {
    return [...this.#columns.values()].map((column) => {
      const { system, nodes, rounds } = column;
      const names = Object.keys([...rounds.values()][0]);
      const samples = Object.fromEntries(names.map((name) => [name, [...rounds.values()].map((it) => it[name])]));
      const one = nodes > 1 && this.#columns.get(`${system} 1`);
      const adapters = isOurs(system) ? [...this.#columns.values()].filter((it) => isRival(it, nodes)) : [];
      const toAdapters = adapters.map((it) => [it.system, ratios(column, it, comparedToAdapters)]);
      return {
        system,
        nodes,
        medians: mapValues(samples, (values) => rounded(median(values))),
        ...(one && { toOneNode: ratios(column, one, compared) }),
        ...(toAdapters.length > 0 && { toAdapters: Object.fromEntries(toAdapters) }),
        samples: mapValues(samples, (values) => values.map(rounded)),
      };
    });
  }
}

const isOurs = (/** @type {string} */ system) => system.startsWith("openline");
const isRival = ({ system, nodes }, wanted) => !isOurs(system) && nodes === wanted;

/** Of the rounds that both have. What is nothing for one of them (an engine that has no server) has no ratio. */
function ratios({ rounds }, { rounds: others }, figures) {
  const common = [...rounds.keys()].filter((round) => others.has(round));
  if (common.length === 0) return {};
  const entries = figures.map((name) => {
    const [values, beside] = [rounds, others].map((it) => common.map((round) => it.get(round)[name]));
    return [name, values.every(Boolean) && beside.every(Boolean) ? ratio(values, beside) : undefined];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

/**
 * Tables of several nodes.
 */
import { figures } from "../lib/figures.js";
import { alignColumns, ratioText } from "../lib/print.js";

const columns = [
  "deliveriesPerSecond",
  "cpuMicrosecondsPerDelivery",
  "engineCpuMicrosecondsPerDelivery",
  "latencyP50Microseconds",
  "latencyP99Microseconds",
  "residentBytesPerNode",
  "engineResidentBytes",
  "cores",
  "loadCores",
];
const cost = "cpuMicrosecondsPerDelivery";

/** @param {import("./record.js").ScalingResult | undefined} result */
const cellOf = (figure, result) => (result === undefined ? "failed" : figures[figure].format(result.medians[figure]));

/**
 * A row for each system and number of nodes, with what they cost and deliver beside one node, and what openline costs beside
 * each adapter.
 *
 * @param {string} title
 * @param {readonly import("./record.js").ScalingResult[]} results
 * @param {ReadonlyMap<string, string>} titles of systems
 */
export function nodesTable(title, results, titles) {
  const heads = ["", "nodes", ...columns.map((name) => figures[name].title), "CPU : 1 node", "deliveries : 1 node"];
  const rows = results.map(({ system, nodes, medians, toOneNode }) => [
    `  ${titles.get(system)}`,
    String(nodes),
    ...columns.map((name) => figures[name].format(medians[name])),
    ...[cost, "deliveriesPerSecond"].map((name) => (toOneNode?.[name] === undefined ? "" : ratioText(toOneNode[name]))),
  ]);
  const beside = results
    .filter(({ toAdapters }) => toAdapters !== undefined)
    .map(({ system, nodes, toAdapters }) => {
      const parts = Object.entries(toAdapters)
        .filter(([, ratios]) => ratios[cost] !== undefined)
        .map(([adapter, ratios]) => `${titles.get(adapter)} ${ratioText(ratios[cost])}`);
      return `  ${titles.get(system)}, ${nodes} : ${parts.join(", ")}`;
    });
  const ratioLines = beside.length === 0 ? [] : [`${figures[cost].title}, openline : adapters`, ...beside];
  return [title, alignColumns([heads, ...rows]), ...ratioLines].join("\n");
}

/**
 * A row for each point of an axis, a column for each system.
 *
 * @param {import("./workloads.js").ScalingAxis} axis
 * @param {readonly { x: number, results: readonly import("./record.js").ScalingResult[] }[]} points
 * @param {ReadonlyMap<string, string>} titles of systems
 * @param {readonly string[]} systems
 */
export function axisTable({ title, figure }, points, titles, systems) {
  const rows = points.map(({ x, results }) => [
    `  ${x}`,
    ...systems.map((name) =>
      cellOf(
        figure,
        results.find(({ system }) => system === name),
      ),
    ),
  ]);
  const heads = ["", ...systems.map((name) => titles.get(name))];
  return `${title}: ${figures[figure].title}\n${alignColumns([heads, ...rows])}`;
}

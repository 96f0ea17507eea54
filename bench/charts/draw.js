/**
 * Charts from records. What they show is all in the record, so that they can be drawn again without measuring.
 */
import { writeFile } from "node:fs/promises";
import { figures } from "../lib/figures.js";
import { readRecord } from "../lib/record.js";
import { barChart } from "./bars.js";
import { lineChart } from "./lines.js";

/** @param {any} record */
function titlesOf({ peers }) {
  return Object.fromEntries(peers.map(({ name, title }) => [name, title]));
}

/**
 * Draws a chart for each group of workloads, beside the record.
 *
 * @param {URL} file of a record
 * @returns {Promise<string[]>} the names of the charts' files
 */
export async function drawCharts(file) {
  const record = await readRecord(file);
  const titles = titlesOf(record);
  const drawn = [];
  for (const { name, title, charted, workloads } of record.groups) {
    const panels = workloads.flatMap((workload) =>
      charted
        .map((figure) => ({
          title: workload.title,
          figure,
          bars: workload.results
            .filter(({ medians }) => medians[figure] !== undefined)
            .map(({ peer, medians }) => ({ peer, title: titles[peer], value: medians[figure] })),
        }))
        .filter(({ bars }) => bars.length > 0),
    );
    if (panels.length === 0) continue;
    await writeFile(new URL(`${name}.svg`, file), barChart({ title, panels, record }));
    drawn.push(`${name}.svg`);
  }
  return drawn;
}

/**
 * Draws a chart for each piece of the microbenchmarks.
 *
 * @param {URL} file of their record
 * @returns {Promise<string[]>} the names of the charts' files
 */
export async function drawMicroCharts(file) {
  const record = await readRecord(file);
  const drawn = [];
  for (const { name, title, cases } of record.pieces) {
    const panels = cases.map((given) => ({
      title: given.title,
      figure: "nanosecondsPerOperation",
      bars: given.results.map(({ peer, medians }) => ({ peer, title: peer, value: medians.nanosecondsPerOperation })),
    }));
    await writeFile(new URL(`micro-${name}.svg`, file), barChart({ title, panels, record }));
    drawn.push(`micro-${name}.svg`);
  }
  return drawn;
}

const count = new Intl.NumberFormat("en");

/** @param {number} value a power of two */
function formatBytes(value) {
  if (value >= 1_048_576) return `${value / 1_048_576} MiB`;
  return value >= 1024 ? `${value / 1024} KiB` : `${value} B`;
}

/**
 * Draws how the cost grows.
 *
 * @param {URL} file of the record
 * @returns {Promise<string[]>} the names of the charts' files
 */
export async function drawGrowthCharts(file) {
  const record = await readRecord(file);
  const titles = titlesOf(record);
  const drawn = [];
  for (const { name, title, subtitle, xTitle, unit, figure, points } of record.axes) {
    const peers = [...new Set(points.flatMap(({ results }) => results.map(({ peer }) => peer)))];
    const lines = peers.map((peer) => ({
      peer,
      title: titles[peer],
      points: points.flatMap(({ x, results }) =>
        results.filter((result) => result.peer === peer).map(({ medians }) => [x, medians[figure]]),
      ),
    }));
    const ofX =
      unit === "bytes"
        ? { formatX: formatBytes, xBase: 4 }
        : { formatX: (/** @type {number} */ value) => count.format(value), xBase: 10 };
    const yTitle = `${figures[figure].longTitle}`;
    const svg = lineChart({ title, subtitle, xTitle, yTitle, ...ofX, lines, record });
    await writeFile(new URL(`growth-${name}.svg`, file), svg);
    drawn.push(`growth-${name}.svg`);
  }
  return drawn;
}

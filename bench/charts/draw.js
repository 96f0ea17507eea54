/**
 * Charts from records. What they show is all in the record, so that they can be drawn again without measuring.
 */
import { writeFile } from "node:fs/promises";
import { readRecord } from "../lib/record.js";
import { barChart } from "./bars.js";

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

/**
 * Tables for the terminal.
 */
import { figures } from "./figures.js";

/** @typedef {import("./summary.js").Result} Result */

/** @param {import("./summary.js").Ratio} ratio */
export function ratioText({ median, lowest, highest }) {
  const digits = highest >= 100 ? 0 : highest >= 10 ? 1 : highest >= 0.3 ? 2 : 3;
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)}-${highest.toFixed(digits)})`;
}

/**
 * Columns as wide as they have to be; the first to the left, the others to the right.
 *
 * @param {readonly (readonly string[])[]} rows
 */
export function alignColumns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/**
 * One workload: a row for each peer, with its ratios to the baseline, and what openline's are to the others.
 *
 * @param {object} workload
 * @param {string} workload.title
 * @param {readonly Result[]} workload.results
 * @param {readonly string[]} workload.columns figures
 * @param {readonly string[]} workload.compared figures
 * @param {string} baseline the name of a peer
 * @param {Readonly<Record<string, string>>} titles of the peers
 */
export function workloadTable({ title, results, columns, compared }, baseline, titles) {
  const heads = columns.map((name) => figures[name].title);
  const ratioHeads = compared.map((name) => `${figures[name].title} : ${titles[baseline] ?? baseline}`);
  const rows = results.map(({ peer, medians, ratios }) => [
    `  ${titles[peer]}`,
    ...columns.map((name) => figures[name].format(medians[name])),
    ...compared.map((name) => (ratios[baseline] === undefined ? "" : ratioText(ratios[baseline][name]))),
  ]);
  return [
    title,
    alignColumns([["", ...heads, ...ratioHeads], ...rows]),
    ...ownRatios(results, compared, baseline, titles),
  ].join("\n");
}

function ownRatios(results, compared, baseline, titles) {
  const own = results.find(({ peer }) => peer === "openline");
  if (own === undefined) return [];
  return Object.entries(own.ratios)
    .filter(([other]) => other !== baseline)
    .map(([other, ratios]) => {
      const parts = compared.map((name) => `${figures[name].title} ${ratioText(ratios[name])}`);
      return `  openline : ${titles[other]} = ${parts.join(", ")}`;
    });
}

/**
 * @param {ReturnType<typeof import("./claims.js").judgeClaims>} judged
 * @param {Readonly<Record<string, string>>} titles of the peers
 */
export function claimsTable(judged, titles) {
  const rows = judged.map(({ workload, figure, of = "openline", against, atMost, atLeast, measured, holds }) => [
    `  ${workload}: ${figures[figure].title}, ${titles[of] ?? of} : ${titles[against] ?? against}`,
    atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`,
    measured === undefined ? "not measured" : ratioText(measured),
    holds === undefined ? "" : holds ? "holds" : "does not hold",
  ]);
  return alignColumns([["claims", "promised", "measured", ""], ...rows]);
}

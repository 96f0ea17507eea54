/** @typedef {ReturnType<typeof import("./summary.js").summarize>} Summary */

const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {import("./summary.js").Ratio} ratio */
function ratioText({ median, lowest, highest }) {
  return `${median.toFixed(2)} (${lowest.toFixed(2)}-${highest.toFixed(2)})`;
}

const columns = [
  { title: "", width: 22, value: ({ peer }) => `  ${peer}` },
  { title: "messages/s", width: 12, value: ({ medians }) => count.format(medians.messagesPerSecond) },
  { title: "MB/s", width: 9, value: ({ medians }) => (medians.payloadBytesPerSecond / 1e6).toFixed(1) },
  { title: "CPU µs/message", width: 16, value: ({ medians }) => medians.cpuMicrosecondsPerMessage.toFixed(2) },
  { title: "of it user", width: 12, value: ({ medians }) => medians.userMicrosecondsPerMessage.toFixed(2) },
  { title: "load's cores", width: 14, value: ({ medians }) => medians.loadCores.toFixed(2) },
  { title: "CPU ratio", width: 21, value: ({ ratios }) => (ratios ? ratioText(ratios.cpuPerMessage) : "") },
  { title: "messages/s ratio", width: 21, value: ({ ratios }) => (ratios ? ratioText(ratios.messagesPerSecond) : "") },
];

/** @param {(column: typeof columns[number]) => string} cell */
function line(cell) {
  const cells = columns.map((column, index) =>
    index === 0 ? cell(column).padEnd(column.width) : cell(column).padStart(column.width),
  );
  return cells.join("").trimEnd();
}

/**
 * @param {string} baselineName
 * @returns {string} the heading of the tables
 */
export function heading(baselineName) {
  return `${line(({ title }) => title)}\n  (medians; ratios to ${baselineName}, of each round: median, lowest-highest)`;
}

/**
 * @param {string} title of the workload
 * @param {Summary} summary
 */
export function table(title, summary) {
  return [title, ...summary.map((row) => line(({ value }) => value(row)))].join("\n");
}

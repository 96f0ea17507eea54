/**
 * `npm run soak -- --minutes 10`: see soak.ts. Ends with 1 where something has grown.
 */
import { parseArgs } from "node:util";
import type { Sample } from "./sample.js";
import { soak } from "./soak.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    connections: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    /** KiB that are kept after each round, to see that they are found. */
    leak: { type: "string" },
  },
});

const rowsMs = 2000;
const startMs = performance.now();
const endMs = startMs + Number(values.minutes) * 60_000;
let lastRowMs = Number.NEGATIVE_INFINITY;

const titles = ["seconds", "round", "heap MiB", "external MiB", "resident MiB", "resources", "timers", "sockets"];
console.log(titles.map((title) => title.padStart(14)).join(""));

function printRow(sample: Sample): void {
  const nowMs = performance.now();
  if (nowMs - lastRowMs < rowsMs) return;
  lastRowMs = nowMs;
  const { round, heapBytes, externalBytes, residentBytes, resources, timers, sockets } = sample;
  const mebibytes = [heapBytes, externalBytes, residentBytes].map((bytes) => (bytes / 1024 / 1024).toFixed(2));
  const cells = [((nowMs - startMs) / 1000).toFixed(0), round, ...mebibytes, resources, timers, sockets];
  console.log(cells.map((cell) => String(cell).padStart(14)).join(""));
}

const { samples, connections, messages, verdicts } = await soak({
  seed: Number(values.seed),
  connections: Number(values.connections),
  goesOn: () => performance.now() < endMs,
  sampled: printRow,
  ...(values.leak === undefined ? {} : { leakBytes: Number(values.leak) * 1024 }),
});

console.log(`${samples.length} rounds, ${connections} connections, ${messages} messages`);
for (const [name, { isFlat, growth, tolerance }] of verdicts) {
  const grown = `${growth.toFixed(0)} after the first third, ${tolerance.toFixed(0)} allowed`;
  console.log(`${isFlat ? "flat " : "GROWS"} ${name}: ${grown}`);
  if (!isFlat) process.exitCode = 1;
}

/**
 * `npm run simulate:realtime -- --runs 10000 --seed 1`: runs schedules of faults by chance, and makes the first that fails
 * as short as it can.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { simulate } from "./simulation.js";
import { schedule } from "./steps.js";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "1000" }, seed: { type: "string" } },
});
const seed = values.seed === undefined ? Date.now() & 0x7fffffff : Number(values.seed);
const startMs = performance.now();
let runs = 0;
const property = fc.asyncProperty(fc.integer(), schedule, async (world, steps) => {
  if (++runs % 500 === 0) console.log(`${runs} runs`);
  await simulate(world, steps);
});
const details = await fc.check(property, { seed, numRuns: Number(values.runs) });
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(`${details.numRuns} schedules with seed ${seed}, ${seconds} s: ${details.failed ? "failed" : "all right"}`);
if (details.failed) {
  console.error(fc.defaultReportMessage(details));
  process.exitCode = 1;
}

/**
 * `npm run simulate -- --seeds 1000 --from 1`: runs one seed after the other, and says how to repeat those that fail.
 */
import { parseArgs } from "node:util";
import { simulate } from "./simulation.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
// As many lines as tell what led to it.
const shownLines = 60;

let current = from;
process.on("uncaughtException", (error) => {
  console.error(`seed ${current}: uncaught`, error);
  console.error(`Again: npm run simulate -- --from ${current} --seeds 1 --trace`);
  process.exit(1);
});

process.on("exit", (code) => {
  if (code === 13)
    console.error(`seed ${current} comes to a standstill: npm run simulate -- --from ${current} --seeds 1`);
});

let failures = 0;
let messages = 0;
const startMs = performance.now();
for (; current < from + seeds; current++) {
  const outcome = await simulate(current);
  messages += outcome.messages;
  if (values.trace) console.log(JSON.stringify(outcome.scenario, undefined, 2), `\n${outcome.trace.join("\n")}`);
  if (outcome.violations.length > 0) {
    failures++;
    console.error(`\nseed ${current} fails:\n  ${outcome.violations.join("\n  ")}`);
    if (!values.trace) console.error(outcome.trace.slice(-shownLines).join("\n"));
    console.error(`Again: npm run simulate -- --from ${current} --seeds 1 --trace`);
  }
  if (current % 500 === 0) console.log(`seed ${current}, ${failures} failed`);
}
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(`${seeds} seeds from ${from} on, ${messages} messages, ${seconds} s: ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;

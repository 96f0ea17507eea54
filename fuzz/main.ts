/**
 * `npm run fuzz -- --minutes 5 [--target NAME] [--seed N] [--keep]`: fuzzes each target for its share of the time.
 * `npm run fuzz -- --target NAME --input FILE`: runs one input.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { corpusFolder, failuresFolder, writeInput } from "./engine/corpus.js";
import { runOnce } from "./engine/fuzzer.js";
import { createCurrent, runFuzzer } from "./engine/watchdog.js";
import { targets } from "./targets/index.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    target: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    input: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});

const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0)
  throw new Error(`There is no target ${values.target ?? ""}: ${targets.map(({ name }) => name).join(", ")}.`);

if (values.input !== undefined) await runInput(values.input);
else await fuzzAll();

async function runInput(file: string): Promise<void> {
  for (const target of chosen) {
    const failure = await runOnce(target, readFileSync(file));
    console.log(`${target.name}: ${failure === undefined ? "holds" : "fails"}`);
    if (failure === undefined) continue;
    console.error(failure.error);
    process.exitCode = 1;
  }
}

async function fuzzAll(): Promise<void> {
  const seed = Number(values.seed);
  const forMs = (Number(values.minutes) * 60_000) / chosen.length;
  console.log(`seed ${seed}, ${Math.round(forMs / 1000)} s for each target`);
  for (const target of chosen) {
    const script = new URL("./fuzzer-thread.js", import.meta.url);
    const current = createCurrent(target.maxInputBytes);
    const { inputs, coverage, kept, failure } = await runFuzzer(script, { target: target.name, seed, forMs, current });
    console.log(`${target.name}: ${inputs} inputs, ${coverage} places reached, ${kept.length} inputs reach new ones`);
    if (values.keep) for (const input of kept) writeInput(corpusFolder(target.name), input);
    if (failure === undefined) continue;
    const file = writeInput(failuresFolder(target.name), failure.input);
    console.error(`${target.name} fails with the ${failure.input.byteLength} octets in ${file}:\n${failure.message}`);
    console.error(`Again: npm run fuzz -- --target ${target.name} --input ${file}`);
    process.exitCode = 1;
  }
}

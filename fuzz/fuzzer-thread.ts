/**
 * The thread on which one target is fuzzed, guided by what its inputs reach.
 */
import { parentPort, workerData } from "node:worker_threads";
import { readCorpus } from "./engine/corpus.js";
import { Coverage } from "./engine/coverage.js";
import { fuzz, runOnce } from "./engine/fuzzer.js";
import { minimise } from "./engine/minimise.js";
import type { FuzzerData, FuzzerReport } from "./engine/watchdog.js";
import { noteCurrent } from "./engine/watchdog.js";
import { targets } from "./targets/index.js";

const { target: name, seed, forMs, current } = workerData as FuzzerData;
const target = targets.find((one) => one.name === name);
if (target === undefined) throw new Error(`there is no target ${name}`);

const begins = (input: Uint8Array): void => noteCurrent(current, input);
const endMs = performance.now() + forMs;
const coverage = new Coverage((url) => url.includes("/dist/"));
const result = await fuzz(target, {
  seed,
  corpus: readCorpus(name),
  goesOn: () => performance.now() < endMs,
  coverage,
  begins,
});
const places = coverage.count;
coverage.close();

let failure: FuzzerReport["failure"];
if (result.failure !== undefined) {
  const fails = async (input: Uint8Array): Promise<boolean> => {
    begins(input);
    return (await runOnce(target, input)) !== undefined;
  };
  const input = await minimise(result.failure.input, fails);
  const error = (await runOnce(target, input))?.error ?? result.failure.error;
  failure = { input, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
const report: FuzzerReport = { inputs: result.inputs, coverage: places, kept: result.kept, failure };
parentPort?.postMessage(report);

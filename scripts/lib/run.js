/** Child processes, for the scripts of this repository. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { root } from "./paths.js";

/**
 * Runs a program in the repository with our own standard streams and waits for its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] variables beside the inherited ones; `undefined` removes one
 * @returns {Promise<number>} its exit code, 1 when a signal ended it
 */
export function run(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Many tests wait for deadlines and processes, so that more files at a time than there are cores still pays. */
export const testConcurrency = availableParallelism() + 1;

/** A file that hangs fails after this instead of holding up the run forever; the slowest honest one takes a fraction of it. */
export const testTimeoutMs = 300_000;

/**
 * The arguments with which `node` runs the test suite.
 *
 * @param {readonly string[]} files compiled test files
 * @returns {string[]}
 */
export function testArguments(files) {
  // The reporter is named because its default depends on whether a terminal is there.
  const options = [`--test-timeout=${testTimeoutMs}`, `--test-concurrency=${testConcurrency}`];
  return ["--test", "--test-reporter=spec", ...options, ...files];
}

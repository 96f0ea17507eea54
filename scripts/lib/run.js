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

/**
 * The arguments with which every run of the test suite calls `node`.
 *
 * @param {readonly string[]} files compiled test files
 * @returns {string[]}
 */
export function testArguments(files) {
  // The reporter is named because its default depends on whether a terminal is there. A test that hangs fails after
  // five minutes instead of holding up the run forever; the slowest honest one takes a fraction of that.
  // Many tests wait for deadlines and processes, so that more files at a time than there are cores still pays.
  const concurrency = `--test-concurrency=${availableParallelism() + 1}`;
  return ["--test", "--test-reporter=spec", "--test-timeout=300000", concurrency, ...files];
}

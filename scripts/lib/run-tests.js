/** A run of test files that tells which of them failed. */
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root } from "./paths.js";
import { testConcurrency, testTimeoutMs } from "./run.js";

/** @typedef {import("./test-groups.js").Process} Process */

/**
 * Runs test files, each process by itself, and prints what `node --test` prints.
 *
 * @param {readonly Process[]} processes
 * @param {number} [concurrency] how many at a time
 * @returns {Promise<string[]>} the files with a test that failed, relative to the repository; where a process failed as a
 *   whole, or with a test that stands in none of its files, the file of the process
 */
export async function runTests(processes, concurrency = testConcurrency) {
  const files = processes.map(({ file }) => path.join(root, file));
  const failures = new Failures(processes);
  const events = run({ files, concurrency, timeout: testTimeoutMs });
  events.on("test:complete", ({ name, file, details }) => {
    // Of a whole process: it has the name of its file.
    if (name === file && !details.passed) failures.addProcess(relative(file));
  });
  events.on("test:fail", ({ file, nesting, todo }) => {
    if (nesting === 0 && (todo === undefined || todo === false)) failures.addFile(relative(file));
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await new Promise((resolve, reject) => report.once("end", resolve).once("error", reject));
  return failures.files();
}

/** Which files failed, from what the runner says of processes and of the tests at their top. */
export class Failures {
  #processes;
  /** @type {Set<string>} */
  #failedProcesses = new Set();
  /** @type {Set<string>} */
  #failedFiles = new Set();

  /** @param {readonly Process[]} processes */
  constructor(processes) {
    this.#processes = processes;
  }

  /** @param {string} file of a process in which something failed */
  addProcess(file) {
    this.#failedProcesses.add(file);
  }

  /** @param {string} file in which a failed test stands, which may be a module that several test files use */
  addFile(file) {
    this.#failedFiles.add(file);
  }

  /**
   * @returns {string[]} sorted
   * @throws where something failed that belongs to none of the processes
   */
  files() {
    const known = new Set(this.#processes.flatMap(({ file, members }) => [file, ...members]));
    const strangers = [...this.#failedFiles].filter((file) => !known.has(file));
    const failed = this.#processes
      .filter(({ file, members }) => [file, ...members].some((name) => this.#isNamed(name)))
      .flatMap(({ file, members }) => {
        const culprits = members.filter((member) => this.#failedFiles.has(member));
        const isWhole = this.#failedFiles.has(file) || strangers.length > 0 || culprits.length === 0;
        return isWhole ? [file] : culprits;
      });
    if (failed.length === 0 && strangers.length > 0)
      throw new Error(`Nobody runs ${strangers.join(", ")}, which failed.`);
    return failed.sort();
  }

  /** @param {string} file */
  #isNamed(file) {
    return this.#failedProcesses.has(file) || this.#failedFiles.has(file);
  }
}

/** @param {string} file */
function relative(file) {
  return path.relative(root, file).split(path.sep).join("/");
}

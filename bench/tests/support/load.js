import { execFile, spawn } from "node:child_process";
import { readAnswers, writeQuestion } from "../../lib/questions.js";
import { buildLoad, loadProgram } from "../../load/build.js";

/** When nothing comes for so long, the other end has stalled: longer than a busy machine holds one up. */
const stallSeconds = 3;

/** The same where a stall is one of the things that may be found. */
const shortStallSeconds = 1;

export const { tls: hasTls, zlib: hasZlib } = await buildLoad();

/**
 * Runs the load generator by hand, for a moment.
 *
 * @param {readonly (string | number)[]} args
 * @returns {Promise<{ status: number, output: any, message: string }>} what it printed, and what it said was wrong
 */
export function runLoad(...args) {
  return run([...args, "--seconds", 0.2, "--warm-up", 0.05, "--stall", stallSeconds]);
}

/**
 * Runs the load generator by hand until it finds something wrong, which ends it at once: as long as that takes on a busy machine,
 * and half a minute where nothing is found.
 *
 * @param {readonly (string | number)[]} args
 * @returns {ReturnType<typeof runLoad>}
 */
export function runLoadUntilWrong(...args) {
  return run([...args, "--seconds", 30, "--warm-up", 0.05, "--stall", shortStallSeconds]);
}

/**
 * @param {readonly (string | number)[]} args
 * @returns {ReturnType<typeof runLoad>}
 */
function run(args) {
  return new Promise((resolve) => {
    execFile(loadProgram, args.map(String), (error, stdout, stderr) => {
      const output = stdout === "" ? undefined : JSON.parse(stdout);
      resolve({ status: error === null ? 0 : error.code, output, message: stderr.trim() });
    });
  });
}

/**
 * Starts the load generator to be asked.
 *
 * @param {import("node:test").TestContext} context which ends it
 * @param {readonly (string | number)[]} args
 */
export function startLoad(context, ...args) {
  const child = spawn(loadProgram, [...args, "--stall", shortStallSeconds].map(String));
  context.after(() => child.stdin.end());
  // It may have ended by then; what it said is what counts.
  child.stdin.on("error", () => undefined);
  let message = "";
  const waiting = [];
  child.stderr.on("data", (text) => (message += text));
  readAnswers(child.stdout, (answer) => waiting.shift().resolve(answer));
  const ended = new Promise((resolve) => {
    child.on("close", (status) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(message.trim()));
      resolve({ status, message: message.trim() });
    });
  });
  return {
    /** @param {string} question */
    ask(question) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        writeQuestion(child.stdin, question);
      });
    },
    ended,
  };
}

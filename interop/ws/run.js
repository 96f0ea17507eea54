/**
 * Runs the tests of `ws` against `openline/ws`, or against `ws` itself:
 *
 *   npm run ws-tests -- --tests DIR [--class openline|ws] [--filter TEXT] [--update] [--verbose]
 *
 * DIR is the folder `test` of https://github.com/websockets/ws. What fails has to be among the expectations, with its
 * reason, and what is there has to fail. Tests that look into what is private to `ws` are not run: one that breaks off
 * leaves servers behind that the next ones stumble over.
 */
import { fork } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const expectationsFile = new URL("expectations.json", import.meta.url);
// A file that has told nothing for so long has come to a stop.
const graceMs = 15_000;

const { values } = parseArgs({
  options: {
    tests: { type: "string" },
    class: { type: "string", default: "openline" },
    filter: { type: "string", default: "" },
    update: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
if (values.tests === undefined) throw new Error("--tests DIR: where are the tests of ws?");
const folder = path.resolve(values.tests);

/**
 * @typedef {object} Expectations
 * @property {Record<string, string>} skipped why these files are not run against openline
 * @property {Record<string, Record<string, string>>} private by file and test: what it looks into
 * @property {Record<string, string>} reasons by a short name: why tests fail
 * @property {Record<string, Record<string, string>>} failing by file and test: a name of `reasons`
 */
/** @type {Expectations} */
const expectations = JSON.parse(readFileSync(expectationsFile, "utf8"));

/** @returns {Promise<{ results: { name: string, status: string, message?: string }[], isDone: boolean, printed: string }>} */
function runFile(file) {
  return new Promise((resolve) => {
    const child = fork(new URL("file.js", import.meta.url), {
      execArgv: ["--no-warnings"],
      silent: true,
      cwd: path.dirname(folder),
    });
    const results = [];
    let isDone = false;
    let printed = "";
    const stop = () => child.kill("SIGKILL");
    let timer = setTimeout(stop, graceMs);
    child.on("message", (message) => {
      clearTimeout(timer);
      timer = setTimeout(stop, graceMs);
      if (message === "ready") {
        child.send({ file: path.join(folder, file), className: values.class, excluded: excludedIn(file) });
      } else if (message.isDone === true) isDone = true;
      else results.push(message.result);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        printed += data;
        if (values.verbose) process.stdout.write(data);
      });
    }
    child.on("close", () => {
      clearTimeout(timer);
      resolve({ results, isDone, printed });
    });
  });
}

const isOurs = values.class === "openline";
const isSkipped = (file) => isOurs && Object.hasOwn(expectations.skipped, file);
const excludedIn = (file) => (isOurs ? Object.keys(expectations.private[file] ?? {}) : []);
const files = readdirSync(folder).filter((file) => file.endsWith(".test.js"));
// All of them pass with `ws` itself.
const expected = isOurs ? expectations.failing : {};
/** @type {Record<string, Record<string, string>>} */
const failing = {};
const surprises = [];
const counts = { passed: 0, failed: 0, skipped: 0, excluded: 0 };

function judge(file, { results, isDone, printed }) {
  const seen = [...results];
  if (!isDone) seen.push({ name: "the file", status: "failed", message: `it never finished\n${printed}` });
  for (const { name, status, message } of seen) {
    counts[status]++;
    const reason = expected[file]?.[name];
    const isPass = status !== "failed";
    if (!isPass) (failing[file] ??= {})[name] = reason ?? String(message);
    if (isPass !== (reason === undefined)) surprises.push({ file, name, isPass, message });
  }
  for (const name of excludedIn(file)) {
    if (!seen.some((result) => result.name === name)) surprises.push({ file, name, isPass: undefined });
  }
  for (const [name, reason] of Object.entries(expected[file] ?? {})) {
    if (expectations.reasons[reason] === undefined && !values.update) throw new Error(`${file}: ${name}: no reason`);
    if (!seen.some((result) => result.name === name)) surprises.push({ file, name, isPass: undefined });
  }
}

const run = files.filter((file) => file.includes(values.filter) && !isSkipped(file));
for (const file of run) judge(file, await runFile(file));

for (const { file, name, isPass, message } of surprises) {
  const what = isPass === undefined ? "NOT THERE" : isPass ? "UNEXPECTED PASS" : "UNEXPECTED FAILURE";
  console.log(`${what}  ${file}  ${name}${isPass === false ? `\n    ${message}` : ""}`);
}
const { passed, failed, skipped, excluded } = counts;
const share = ((passed / (passed + failed)) * 100).toFixed(1);
console.log(
  `${values.class}: ${passed} passed (${share} %), ${failed} failed, ${skipped} skipped, ${excluded} not run, ` +
    `in ${run.length} files`,
);
if (values.update) {
  expectations.failing = failing;
  writeFileSync(expectationsFile, `${JSON.stringify(expectations, null, 2)}\n`);
} else if (surprises.length > 0) {
  process.exitCode = 1;
}

/**
 * Runs the WebSocket tests of web-platform-tests against a class on Node:
 *
 *   npm run wpt -- --wpt DIR [--class openline|undici|node] [--filter TEXT] [--update] [--verbose]
 *
 * DIR is a checkout of https://github.com/web-platform-tests/wpt (`websockets`, `resources`, `interfaces` and `common`
 * of it suffice). What fails has to be among the expectations, with its reason, and what is there has to fail.
 */
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { testOnlyCertificate } from "../../build/tests/support/test-only-certificate.js";
import { findPages } from "./files.js";
import { startTestServer } from "./server.js";

const expectationsFile = new URL("expectations.json", import.meta.url);
const parallel = 3;
// A page that has not reported by itself is stopped so long after it should have, or has not begun after so long.
const graceMs = 30_000;

const { values } = parseArgs({
  options: {
    wpt: { type: "string" },
    class: { type: "string", default: "openline" },
    folder: { type: "string", default: "websockets" },
    filter: { type: "string", default: "" },
    update: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
if (values.wpt === undefined) throw new Error("--wpt DIR: where is web-platform-tests?");
const root = path.resolve(values.wpt);
const folder = mkdtempSync(path.join(tmpdir(), "wpt-"));
const certificateFile = path.join(folder, "certificate.pem");
writeFileSync(certificateFile, testOnlyCertificate);
process.once("exit", () => rmSync(folder, { recursive: true }));

/**
 * @typedef {object} Expectations
 * @property {Record<string, string>} skipped why files whose names begin so are not run
 * @property {Record<string, Record<string, Record<string, string>>>} failing by class, page and subtest: why it fails
 */
/** @type {Expectations} */
const expectations = JSON.parse(readFileSync(expectationsFile, "utf8"));

/** @returns {Promise<{ subtests: { name: string, status: number, message?: string }[], trouble?: string }>} */
function runPage(page, place) {
  return new Promise((resolve) => {
    const child = fork(new URL("page.js", import.meta.url), {
      execArgv: ["--no-warnings", "--expose-gc", ...(values.class === "node" ? ["--experimental-websocket"] : [])],
      // The server's certificate is nobody's.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile },
      stdio: ["ignore", values.verbose ? "inherit" : "ignore", values.verbose ? "inherit" : "ignore", "ipc"],
    });
    let result;
    const stop = () => child.kill("SIGKILL");
    let timer = setTimeout(stop, graceMs);
    child.on("message", (message) => {
      if (message !== "ready") {
        result ??= message;
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(stop, (page.isLong ? 55_000 : 9_000) + graceMs);
      child.send({ root, page, className: values.class, place });
    });
    child.on("exit", () => {
      clearTimeout(timer);
      const { subtests = [], harness, uncaught } = result ?? { uncaught: "it never finished" };
      // 0 is OK; 2, that subtests have timed out, is told by these.
      const trouble = uncaught ?? (harness.status === 1 ? harness.message : undefined);
      resolve({ subtests, ...(trouble === undefined ? {} : { trouble }) });
    });
  });
}

const isSkipped = ({ name }) => Object.keys(expectations.skipped).some((start) => name.startsWith(start));
const pages = findPages(root, values.folder).filter((page) => page.name.includes(values.filter) && !isSkipped(page));
const server = await startTestServer();
const place = { host: "localhost", ws: server.ws, wss: server.wss };
const expected = expectations.failing[values.class] ?? {};
/** @type {Record<string, Record<string, string>>} */
const failing = {};
const surprises = [];
const counts = { passed: 0, failed: 0 };

const waiting = [...pages];
async function work() {
  for (let page = waiting.shift(); page !== undefined; page = waiting.shift()) judge(page, await runPage(page, place));
}

function judge(page, { subtests, trouble }) {
  const results = subtests.map(({ name, status, message }) => ({ name, isPass: status === 0, message }));
  // A page that breaks off is one failure more, whatever its subtests say.
  if (trouble !== undefined) results.push({ name: "the page", isPass: false, message: trouble });
  for (const { name, isPass, message } of results) {
    const reason = expected[page.name]?.[name];
    if (isPass) counts.passed++;
    else counts.failed++;
    if (!isPass) (failing[page.name] ??= {})[name] = reason ?? String(message);
    if (isPass !== (reason === undefined)) surprises.push({ page: page.name, name, isPass, message });
  }
  for (const name of Object.keys(expected[page.name] ?? {})) {
    if (!results.some((result) => result.name === name)) surprises.push({ page: page.name, name, isPass: undefined });
  }
}

await Promise.all(Array.from({ length: parallel }, work));
await server.close();

for (const { page, name, isPass, message } of surprises) {
  const what = isPass === undefined ? "NOT THERE" : isPass ? "UNEXPECTED PASS" : "UNEXPECTED FAILURE";
  console.log(`${what}  ${page}  ${name}${isPass === false ? `\n    ${message}` : ""}`);
}
console.log(`${values.class}: ${counts.passed} passed, ${counts.failed} failed, on ${pages.length} pages`);
if (values.update) {
  const sorted = Object.fromEntries(Object.entries(failing).sort(([one], [other]) => (one < other ? -1 : 1)));
  expectations.failing = { ...expectations.failing, [values.class]: sorted };
  writeFileSync(expectationsFile, `${JSON.stringify(expectations, null, 2)}\n`);
} else if (surprises.length > 0) {
  process.exitCode = 1;
}

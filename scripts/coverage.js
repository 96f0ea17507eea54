/**
 * Runs the tests with coverage and reports it per file of src/: `npm run test:coverage`, or with filters as `npm test`
 * takes them. Fails when a file of src/protocol has a line or a branch that no test reaches.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder, root, selectTests } from "./lib/paths.js";
import { run, testArguments } from "./lib/run.js";
import { groupTests } from "./lib/test-groups.js";

const whole = "src/protocol/";
const filters = process.argv.slice(2);
const files = selectTests(filters);
const coverage = path.join(root, "coverage");
rmSync(coverage, { recursive: true, force: true });

const testsExitCode = await run(process.execPath, [
  fileURLToPath(import.meta.resolve("c8/bin/c8.js")),
  "--all=false",
  "--exclude-after-remap",
  "--include=src/**",
  "--reporter=text",
  "--reporter=html",
  "--reporter=json-summary",
  process.execPath,
  ...testArguments(groupTests(files).map(({ file }) => file)),
]);

const failures = [];
const summaryFile = path.join(coverage, "coverage-summary.json");
const summary = existsSync(summaryFile) ? JSON.parse(readFileSync(summaryFile, "utf8")) : {};
for (const file of filesUnder("src").filter((name) => name.startsWith(whole) && name.endsWith(".ts"))) {
  const measured = summary[path.join(root, file)];
  if (measured === undefined) {
    if (hasCode(file)) failures.push(`${file}: no test loads it`);
    continue;
  }
  for (const kind of ["lines", "branches"]) {
    const { pct, covered, total } = measured[kind];
    if (covered < total) failures.push(`${file}: ${pct} % of ${kind} (${total - covered} of ${total} not reached)`);
  }
}

if (failures.length > 0) {
  console.error(`\n${whole} must be covered wholly, lines and branches (coverage/index.html shows where):`);
  for (const failure of failures) console.error(`  ${failure}`);
}
process.exitCode = testsExitCode !== 0 || failures.length > 0 ? 1 : 0;

/**
 * Whether anything is left of a source once its types are erased.
 *
 * @param {string} file
 */
function hasCode(file) {
  const compiled = path.join(root, file.replace(/^src\//u, "dist/").replace(/\.ts$/u, ".js"));
  return (
    readFileSync(compiled, "utf8")
      .replaceAll(/^(?:export \{\};|\/\/.*|)$/gmu, "")
      .replaceAll(/\/\*[\s\S]*?\*\//gu, "")
      .trim() !== ""
  );
}

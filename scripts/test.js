/**
 * Runs the compiled tests: `npm test`, or `npm test -- tests/protocol tests/server/serve.test.ts` for some of them;
 * `--without tests/protocol` leaves some out.
 *
 * With `--again`, files with a failed test run once more when everything else is over, one at a time, and what passes then
 * does not fail the run, but is named at its end.
 */
import { parseArgs } from "node:util";
import { selectTests } from "./lib/paths.js";
import { passesAgain } from "./lib/run-again.js";
import { runTests } from "./lib/run-tests.js";
import { groupTests } from "./lib/test-groups.js";

const { values, positionals: filters } = parseArgs({
  options: { again: { type: "boolean" }, without: { type: "string", multiple: true, default: [] } },
  allowPositionals: true,
});
const leftOut = values.without.length === 0 ? [] : selectTests(values.without);
const files = selectTests(filters).filter((file) => !leftOut.includes(file));
if (files.length === 0) {
  console.error(
    filters.length === 0 ? "No compiled tests. Run `npm run build` first." : `No test matches ${filters.join(" ")}.`,
  );
  process.exitCode = 1;
} else {
  const failed = await runTests(groupTests(files));
  const passed = values.again === true ? await passesAgain(failed, runTests, console.error) : failed.length === 0;
  process.exitCode = passed ? 0 : 1;
}

/**
 * Runs the compiled tests: `npm test`, or `npm test -- tests/protocol tests/server/serve.test.ts` for some of them.
 *
 * Node 20 takes no patterns after `--test`, so the files are listed here.
 */
import { selectTests } from "./lib/paths.js";
import { run, testArguments } from "./lib/run.js";
import { groupTests } from "./lib/test-groups.js";

const filters = process.argv.slice(2);
const files = selectTests(filters);
if (files.length === 0) {
  console.error(
    filters.length === 0 ? "No compiled tests. Run `npm run build` first." : `No test matches ${filters.join(" ")}.`,
  );
  process.exitCode = 1;
} else {
  process.exitCode = await run(process.execPath, testArguments(groupTests(files)));
}

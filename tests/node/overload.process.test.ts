/**
 * What `overload()` sees of a process, in one of its own.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

describe("overload() in a process", () => {
  it("sees the heap after a full collection, and does not keep the process", async () => {
    const script = `
      import { overload } from "${new URL("../../../dist/index.js", import.meta.url).href}";
      const isOverloaded = overload({ maxHeapBytes: 1, maxEventLoopDelayMs: false, maxMemoryBytes: false });
      gc();
      const look = () => {
        if (isOverloaded()) console.log(isOverloaded.report.reason);
        else setImmediate(look);
      };
      look();`;
    const { stdout } = await run(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script]);
    assert.match(stdout, /^\d{6,} octets of heap \(maxHeapBytes\)$/mu);
  });
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../../../../", import.meta.url);

describe("the octets of the kernel", () => {
  it("are what its source assembles to: after a change of kernel.wat, run npm run build:kernel", async () => {
    const { stdout } = await run(process.execPath, [
      fileURLToPath(new URL("scripts/build-kernel.js", root)),
      "--print",
    ]);
    assert.equal(stdout, readFileSync(new URL("src/transport/wasm/kernel-bytes.ts", root), "utf8"));
  });
});

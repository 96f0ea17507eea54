import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../../../../", import.meta.url);

describe("the octets of the modules", () => {
  it("are what their sources assemble to: after a change of a .wat, run npm run build:kernel", async () => {
    const { stdout } = await run(process.execPath, [
      fileURLToPath(new URL("scripts/build-kernel.js", root)),
      "--print",
    ]);
    const written = ["kernel-bytes.ts", "deflate/deflate-bytes.ts"].map((file) =>
      readFileSync(new URL(`src/transport/wasm/${file}`, root), "utf8"),
    );
    assert.equal(stdout, written.join(""));
  });
});

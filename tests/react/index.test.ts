/**
 * What a page loads for the hooks, beside React and the client.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));

async function bundle(contents: string): Promise<{ code: Uint8Array; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    external: ["react"],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
    platform: "browser",
  });
  return { code: outputFiles[0]?.contents ?? new Uint8Array(), inputs: Object.keys(metafile.inputs) };
}

describe("openline/react", () => {
  it("has at most 5.5 KiB, minified and compressed, with everything in it and nothing of the client", async (t) => {
    const { code, inputs } = await bundle('export * from "openline/react";');
    const { length } = gzipSync(code, { level: 9 });
    t.diagnostic(`${code.length} octets, ${length} of them compressed`);
    assert.ok(length <= 5.5 * 1024, `${length} octets`);
    assert.deepEqual(
      inputs.filter((file) => !/^dist\/react\/|^<stdin>$/u.test(file)),
      [],
    );
  });

  it("leaves out what has no contract where there is one", async () => {
    const [all, typed] = await Promise.all([
      bundle('export * from "openline/react";'),
      bundle('export { createHooks } from "openline/react";'),
    ]);
    assert.ok(typed.code.length < all.code.length);
  });
});

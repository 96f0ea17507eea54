/**
 * What a page loads of the client: how much it is, and what is in it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import * as node from "#src/realtime/client/node/index.js";
import * as web from "#src/realtime/client/web/index.js";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

async function bundle(contents: string): Promise<[Buffer, Metafile]> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
    platform: "browser",
  });
  return [Buffer.from(outputFiles[0]?.contents ?? []), metafile];
}

describe("the browser build of openline/realtime/client", () => {
  const all = 'export * from "openline/realtime/client";';

  it("has at most 12 KiB, minified and compressed, with everything in it", async (t) => {
    const [code] = await bundle(all);
    const { length } = gzipSync(code, { level: 9 });
    t.diagnostic(`${code.length} octets, ${length} of them compressed`);
    assert.ok(length <= 12 * 1024, `${length} octets`);
  });

  it("is that for the web, with nothing of Node, of servers or of MessagePack", async () => {
    const [, { inputs, outputs }] = await bundle(all);
    assert.ok("dist/realtime/client/web/index.js" in inputs);
    assert.deepEqual(
      Object.values(outputs).flatMap(({ imports }) => imports),
      [],
    );
    const outside = Object.keys(inputs).filter(
      (file) => !/^dist\/(?:realtime\/(?:client|wire)|web|reconnect|socket|protocol)\/|^<stdin>$/u.test(file),
    );
    assert.deepEqual(outside, []);
    for (const file of Object.keys(inputs)) assert.ok(!/client-frames|client\/node/u.test(file), file);
  });

  it("has the names that it has on Node", () => {
    assert.deepEqual(Object.keys(web), Object.keys(node));
  });

  it("needs no more than that when a page loads its modules without a bundler", async () => {
    const [, { inputs, outputs }] = await bundle(all);
    const used = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));
    // Of numbers, nothing is left but their values.
    assert.deepEqual(
      Object.keys(inputs).filter((file) => !used.has(file)),
      ["dist/realtime/wire/close-codes.js", "dist/realtime/wire/limits.js"],
    );
  });
});

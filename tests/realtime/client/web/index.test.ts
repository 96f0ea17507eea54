/**
 * What a page loads of the client: how much it is, and what is in it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { serve } from "#src/index.js";
import * as node from "#src/realtime/client/node/index.js";
import * as web from "#src/realtime/client/web/index.js";
import { createRealtime } from "#src/realtime/index.js";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

interface Bundle {
  /** What a page loads at once. */
  readonly entry: Buffer;
  /** What it loads when it needs it, by the name of its module. */
  readonly later: ReadonlyMap<string, Buffer>;
  readonly metafile: Metafile;
}

async function bundle(contents: string, splitting = true): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    splitting,
    format: "esm",
    outdir: "out",
    write: false,
    metafile: true,
    platform: "browser",
  });
  const later = new Map<string, Buffer>();
  let entry = Buffer.alloc(0);
  for (const { path, contents: code } of outputFiles) {
    const [, name] = Object.entries(metafile.outputs).find(([output]) => path.endsWith(output)) ?? [];
    if (name?.entryPoint === "<stdin>") entry = Buffer.from(code);
    else later.set(name?.entryPoint ?? path, Buffer.from(code));
  }
  return { entry, later, metafile };
}

function compressed(code: Buffer | undefined): number {
  return gzipSync(code ?? "", { level: 9 }).length;
}

const serving = "dist/realtime/client/serving.js";
const fallback = "dist/realtime/client/fallback/index.js";

describe("the browser build of openline/realtime/client", () => {
  const all = 'export * from "openline/realtime/client";';

  it("has at most 12 KiB, minified and compressed, and less in what is loaded when it is needed", async (t) => {
    const { entry, later } = await bundle(all);
    // Nothing is shared, so that there are no files but these.
    assert.deepEqual([...later.keys()].toSorted(), [fallback, serving]);
    const sizes = [entry, later.get(fallback), later.get(serving)].map(compressed);
    t.diagnostic(`${entry.length} octets, ${sizes.join(" + ")} compressed`);
    const [core = Infinity, byEvents = Infinity, calls = Infinity] = sizes;
    assert.ok(core <= 12 * 1024, `${core} octets`);
    assert.ok(byEvents <= 3 * 1024, `${byEvents} octets of the fallback`);
    assert.ok(calls <= 1024, `${calls} octets for calls of the server's`);
  });

  it("goes by events out of one file, too, where a bundler splits nothing", async (t) => {
    const { entry, later } = await bundle(all, false);
    assert.equal(later.size, 0);
    const realtime = createRealtime({ calls: { echo: (value) => value } });
    const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
    t.after(async () => {
      await realtime.close();
      await server.close();
    });
    const page = (await import(`data:text/javascript;base64,${entry.toString("base64")}`)) as typeof web;
    const client = page.createClient(server.url, { fallback: "only" });
    client.handle("twice", (value) => Number(value) * 2);
    assert.equal(await client.call("echo", 1), 1);
    const [session] = realtime.sessions;
    assert.equal(await session?.call("twice", 2), 4);
    assert.equal(client.transport, "events");
    await client.close();
  });

  it("is that for the web, with nothing of Node, of servers or of MessagePack", async () => {
    const { inputs, outputs } = (await bundle(all)).metafile;
    assert.ok("dist/realtime/client/web/index.js" in inputs);
    assert.deepEqual(
      Object.values(outputs).flatMap(({ imports }) => imports.filter(({ kind }) => kind !== "dynamic-import")),
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
    const { inputs, outputs } = (await bundle(all)).metafile;
    const used = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));
    // Of numbers, nothing is left but their values.
    assert.deepEqual(
      Object.keys(inputs).filter((file) => !used.has(file)),
      ["dist/realtime/wire/close-codes.js", "dist/realtime/wire/limits.js"],
    );
  });
});

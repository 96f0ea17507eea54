/**
 * The browser build: what is in it, how large it is, and who gets it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Metafile } from "esbuild";
import ts from "typescript";
import * as node from "#src/index.js";
import * as web from "#src/web/index.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

/** What a page loads that uses everything. */
const maxGzippedBytes = 4096;

const webEntry = "dist/web/index.js";
const nodeEntry = "dist/index.js";

async function bundle(options: BuildOptions, contents = 'export * from "openline";'): Promise<[Buffer, Metafile]> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
    ...options,
  });
  return [Buffer.from(outputFiles?.[0]?.contents ?? []), metafile as Metafile];
}

/** Which entry a bundle has been made of. */
async function entryFor(options: BuildOptions): Promise<string | undefined> {
  const [, { inputs }] = await bundle({ external: ["node:*"], ...options });
  return [webEntry, nodeEntry].find((entry) => entry in inputs);
}

describe("the browser build", () => {
  it(`has at most ${maxGzippedBytes} octets, minified and compressed, with everything in it`, async (t) => {
    const [code] = await bundle({ platform: "browser" });
    const { length } = gzipSync(code, { level: 9 });
    t.diagnostic(`${code.length} octets, ${length} of them compressed`);
    assert.ok(length <= maxGzippedBytes, `${length} octets`);
  });

  it("lets a bundler drop what is not used", async (t) => {
    const [all] = await bundle({ platform: "browser" });
    const [one] = await bundle({ platform: "browser" }, 'export { CloseCode } from "openline";');
    t.diagnostic(`CloseCode alone: ${one.length} of ${all.length} octets`);
    assert.ok(one.length < all.length / 5);
  });

  it("imports nothing of Node, and nothing at all from outside", async () => {
    const [, { inputs, outputs }] = await bundle({ platform: "browser" });
    assert.deepEqual(
      Object.values(outputs).flatMap(({ imports }) => imports),
      [],
    );
    const outside = Object.keys(inputs).filter(
      (file) => !/^dist\/(?:web|socket|client|protocol)\/|^<stdin>$/.test(file),
    );
    assert.deepEqual(outside, []);
  });

  it("carries neither the protocol nor the tables of its errors", async () => {
    const [, { outputs }] = await bundle({ platform: "browser" });
    const used = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
    for (const file of [
      "protocol/errors.js",
      "protocol/connection.js",
      "socket/endpoint.js",
      "client/open-client.js",
    ]) {
      assert.ok(!used.includes(`dist/${file}`), `dist/${file} is in the bundle`);
    }
  });

  it("needs no more than that when a page loads its modules without a bundler", async () => {
    const [, { inputs, outputs }] = await bundle({ platform: "browser" });
    const used = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));
    assert.deepEqual(
      Object.keys(inputs).filter((file) => !used.has(file)),
      [],
    );
  });

  it("can be loaded where there is no WebSocket, and tells no names that Node's has not", () => {
    // The platform's own classes are ours on Node.
    const ofThePlatform = ["WebSocket", "WebSocketError", "WebSocketStream"];
    const onlyHere = Object.keys(web).filter((name) => !(name in node) && !ofThePlatform.includes(name));
    assert.deepEqual(onlyHere, []);
  });

  it("shares its errors with openline/protocol", async () => {
    const { UsageError } = await import("#src/protocol/index.js");
    assert.ok(new UsageError("url-invalid") instanceof web.UsageError);
    assert.ok(new web.UsageError("url-invalid") instanceof web.OpenlineError);
  });
});

describe("the build that is resolved", () => {
  for (const [who, options, expected] of [
    ["a bundle for browsers", { platform: "browser" }, webEntry],
    ["a bundle for Node", { platform: "node" }, nodeEntry],
    ["a bundle for no platform", { platform: "neutral" }, webEntry],
    ["a bundle for workerd", { platform: "browser", conditions: ["workerd", "worker"] }, webEntry],
    ["a bundle for workerd with Node's modules", { platform: "node", conditions: ["workerd"] }, webEntry],
    ["a bundle for Deno", { platform: "neutral", conditions: ["deno"] }, nodeEntry],
    ["a bundle for Bun", { platform: "neutral", conditions: ["bun"] }, nodeEntry],
  ] satisfies [string, BuildOptions, string][]) {
    it(`is ${expected} for ${who}`, async () => {
      assert.equal(await entryFor(options), expected);
    });
  }

  for (const [conditions, expected] of [
    [[], nodeEntry],
    [["browser"], webEntry],
    [["workerd"], webEntry],
    [["deno"], nodeEntry],
    [["bun"], nodeEntry],
  ] as const) {
    it(`is ${expected} for Node with the conditions [${conditions.join(", ")}]`, async () => {
      const script = 'process.stdout.write(import.meta.resolve("openline"))';
      const args = [...conditions.map((condition) => `--conditions=${condition}`), "--input-type=module", "-e", script];
      const { stdout } = await run(process.execPath, args, { cwd: root });
      assert.equal(path.relative(root, fileURLToPath(stdout)), path.normalize(expected));
    });
  }

  for (const [who, options, expected] of [
    [
      "TypeScript for Node",
      { moduleResolution: ts.ModuleResolutionKind.NodeNext, module: ts.ModuleKind.NodeNext },
      nodeEntry,
    ],
    // Told no condition, it cannot know; the types of Node's build have all names.
    ["TypeScript for a bundler", { moduleResolution: ts.ModuleResolutionKind.Bundler }, nodeEntry],
    [
      "TypeScript for browsers",
      { moduleResolution: ts.ModuleResolutionKind.Bundler, customConditions: ["browser"] },
      webEntry,
    ],
    [
      "TypeScript for workerd",
      { moduleResolution: ts.ModuleResolutionKind.Bundler, customConditions: ["workerd"] },
      webEntry,
    ],
  ] satisfies [string, ts.CompilerOptions, string][]) {
    it(`has the types of ${expected} for ${who}`, () => {
      const file = path.join(root, "build", "example.mts");
      const { resolvedModule } = ts.resolveModuleName(
        "openline",
        file,
        { module: ts.ModuleKind.ESNext, ...options },
        ts.sys,
        undefined,
        undefined,
        ts.ModuleKind.ESNext,
      );
      const found = path.relative(root, resolvedModule?.resolvedFileName ?? "");
      // A compiler that finds the package from within takes the sources behind it.
      assert.ok(
        [expected.replace(/\.js$/, ".d.ts"), expected.replace("dist/", "src/").replace(/\.js$/, ".ts")].includes(found),
        found,
      );
    });
  }
});

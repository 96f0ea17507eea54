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
import * as reconnecting from "#src/reconnecting.js";
import * as web from "#src/web/index.js";
import * as webReconnecting from "#src/web/reconnecting.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);

/** What a page loads that uses everything: of an entry, with all that it needs of the other one. */
const entries = [
  { name: "openline", maxGzippedBytes: 4096, web: "dist/web/index.js", node: "dist/index.js" },
  {
    name: "openline/reconnecting",
    maxGzippedBytes: 8192,
    web: "dist/web/reconnecting.js",
    node: "dist/reconnecting.js",
  },
] as const;

type Entry = (typeof entries)[number];

function allOf({ name }: Entry): string {
  return `export * from "${name}";`;
}

async function bundle(options: BuildOptions, contents: string): Promise<[Buffer, Metafile]> {
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
async function builtFor(options: BuildOptions, entry: Entry): Promise<"web" | "node" | undefined> {
  const [, { inputs }] = await bundle({ external: ["node:*"], ...options }, allOf(entry));
  return (["web", "node"] as const).find((built) => entry[built] in inputs);
}

for (const entry of entries) {
  describe(`the browser build of ${entry.name}`, () => {
    const { maxGzippedBytes } = entry;

    it(`has at most ${maxGzippedBytes} octets, minified and compressed, with everything in it`, async (t) => {
      const [code] = await bundle({ platform: "browser" }, allOf(entry));
      const { length } = gzipSync(code, { level: 9 });
      t.diagnostic(`${code.length} octets, ${length} of them compressed`);
      assert.ok(length <= maxGzippedBytes, `${length} octets`);
    });

    it("imports nothing of Node, and nothing at all from outside", async () => {
      const [, { inputs, outputs }] = await bundle({ platform: "browser" }, allOf(entry));
      assert.deepEqual(
        Object.values(outputs).flatMap(({ imports }) => imports),
        [],
      );
      const outside = Object.keys(inputs).filter(
        (file) => !/^dist\/(?:web|reconnect|socket|client|protocol)\/|^<stdin>$/.test(file),
      );
      assert.deepEqual(outside, []);
    });

    it("carries neither the protocol nor the tables of its errors", async () => {
      const [, { outputs }] = await bundle({ platform: "browser" }, allOf(entry));
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
      const [, { inputs, outputs }] = await bundle({ platform: "browser" }, allOf(entry));
      const used = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));
      assert.deepEqual(
        Object.keys(inputs).filter((file) => !used.has(file)),
        [],
      );
    });
  });
}

describe("the browser build", () => {
  it("lets a bundler drop what is not used", async (t) => {
    const [all] = await bundle({ platform: "browser" }, 'export * from "openline";');
    const [one] = await bundle({ platform: "browser" }, 'export { CloseCode } from "openline";');
    t.diagnostic(`CloseCode alone: ${one.length} of ${all.length} octets`);
    assert.ok(one.length < all.length / 5);
  });

  it("shares what its entries have in common", async (t) => {
    const [one] = await bundle({ platform: "browser" }, 'export * from "openline/reconnecting";');
    const both = 'export * from "openline"; export * from "openline/reconnecting";';
    const [all] = await bundle({ platform: "browser" }, both);
    t.diagnostic(`openline/reconnecting: ${one.length} octets, with openline: ${all.length}`);
    assert.ok(all.length < one.length * 1.1);
  });

  it("can be loaded where there is no WebSocket, and tells no names that Node's has not", () => {
    // The platform's own classes are ours on Node.
    const ofThePlatform = ["WebSocket", "WebSocketError", "WebSocketStream"];
    const names = [...Object.keys(web), ...Object.keys(webReconnecting)];
    const onlyHere = names.filter((name) => !(name in node) && !ofThePlatform.includes(name));
    assert.deepEqual(onlyHere, []);
  });

  it("shares its errors with openline/protocol", async () => {
    const { UsageError } = await import("#src/protocol/index.js");
    assert.ok(new UsageError("url-invalid") instanceof web.UsageError);
    assert.ok(new web.UsageError("url-invalid") instanceof web.OpenlineError);
  });
});

describe("openline/reconnecting", () => {
  it("has the same names on all platforms, and is on Node what openline has", () => {
    assert.deepEqual(Object.keys(webReconnecting), Object.keys(reconnecting));
    for (const [name, value] of Object.entries(reconnecting)) assert.equal(value, Reflect.get(node, name), name);
  });
});

describe("the build that is resolved", () => {
  for (const [who, options, expected] of [
    ["a bundle for browsers", { platform: "browser" }, "web"],
    ["a bundle for Node", { platform: "node" }, "node"],
    ["a bundle for no platform", { platform: "neutral" }, "web"],
    ["a bundle for workerd", { platform: "browser", conditions: ["workerd", "worker"] }, "web"],
    ["a bundle for workerd with Node's modules", { platform: "node", conditions: ["workerd"] }, "web"],
    ["a bundle for Deno", { platform: "neutral", conditions: ["deno"] }, "node"],
    ["a bundle for Bun", { platform: "neutral", conditions: ["bun"] }, "node"],
  ] satisfies [string, BuildOptions, "web" | "node"][]) {
    it(`is that for ${expected} in ${who}`, async () => {
      for (const entry of entries) assert.equal(await builtFor(options, entry), expected);
    });
  }

  for (const [conditions, expected] of [
    [[], "node"],
    [["browser"], "web"],
    [["workerd"], "web"],
    [["deno"], "node"],
    [["bun"], "node"],
  ] as const) {
    it(`is that for ${expected} in Node with the conditions [${conditions.join(", ")}]`, async () => {
      const names = JSON.stringify(entries.map(({ name }) => name));
      const script = `process.stdout.write(JSON.stringify(${names}.map((name) => import.meta.resolve(name))))`;
      const args = [...conditions.map((condition) => `--conditions=${condition}`), "--input-type=module", "-e", script];
      const { stdout } = await run(process.execPath, args, { cwd: root });
      assert.deepEqual(
        (JSON.parse(stdout) as string[]).map((url) => path.relative(root, fileURLToPath(url))),
        entries.map((entry) => path.normalize(entry[expected])),
      );
    });
  }

  for (const [who, options, expected] of [
    [
      "TypeScript for Node",
      { moduleResolution: ts.ModuleResolutionKind.NodeNext, module: ts.ModuleKind.NodeNext },
      "node",
    ],
    // Told no condition, it cannot know; the types of Node's build have all names.
    ["TypeScript for a bundler", { moduleResolution: ts.ModuleResolutionKind.Bundler }, "node"],
    [
      "TypeScript for browsers",
      { moduleResolution: ts.ModuleResolutionKind.Bundler, customConditions: ["browser"] },
      "web",
    ],
    [
      "TypeScript for workerd",
      { moduleResolution: ts.ModuleResolutionKind.Bundler, customConditions: ["workerd"] },
      "web",
    ],
  ] satisfies [string, ts.CompilerOptions, "web" | "node"][]) {
    it(`has the types for ${expected} in ${who}`, () => {
      const file = path.join(root, "build", "example.mts");
      for (const { name, [expected]: built } of entries) {
        const { resolvedModule } = ts.resolveModuleName(
          name,
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
          [built.replace(/\.js$/, ".d.ts"), built.replace("dist/", "src/").replace(/\.js$/, ".ts")].includes(found),
          found,
        );
      }
    });
  }
});

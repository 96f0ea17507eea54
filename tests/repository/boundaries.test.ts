/**
 * The dependency rule holds because the lint enforces it; this shows that the lint does.
 *
 * The arrows are written out here a second time, from ARCHITECTURE.md, so that a slip in the lint's own table is found.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A file in each room. None of them has to exist: the rule is about names. */
const files = {
  protocol: "src/protocol/handshake/example.ts",
  transport: "src/transport/example.ts",
  "transport/wasm": "src/transport/wasm/example.ts",
  "transport/node": "src/transport/node/example.ts",
  socket: "src/socket/example.ts",
  server: "src/server/example.ts",
  client: "src/client/example.ts",
  reconnect: "src/reconnect/example.ts",
  observe: "src/observe/example.ts",
  node: "src/node/example.ts",
  testing: "src/testing/example.ts",
  web: "src/web/example.ts",
  "realtime/wire": "src/realtime/wire/example.ts",
  "realtime/msgpack": "src/realtime/msgpack/example.ts",
  "realtime/contract": "src/realtime/contract/example.ts",
  "realtime/client": "src/realtime/client/example.ts",
  "realtime/client/node": "src/realtime/client/node/example.ts",
  "realtime/client/tabs": "src/realtime/client/tabs/example.ts",
  "realtime/client/web": "src/realtime/client/web/example.ts",
  "realtime/client/fallback": "src/realtime/client/fallback/example.ts",
  react: "src/react/example.ts",
  entry: "src/index.ts",
  cli: "src/cli/commands/example.ts",
} as const;

type Room = keyof typeof files;

const rooms = Object.keys(files) as Room[];

const mayImport: Record<Room, readonly Room[]> = {
  protocol: [],
  transport: ["protocol"],
  "transport/wasm": ["protocol"],
  "transport/node": ["transport", "transport/wasm", "protocol"],
  socket: ["transport", "protocol"],
  server: ["socket", "transport", "protocol"],
  client: ["socket", "transport", "protocol"],
  reconnect: ["socket", "transport", "protocol"],
  observe: ["socket", "protocol"],
  node: [
    "protocol",
    "transport",
    "transport/wasm",
    "transport/node",
    "socket",
    "server",
    "client",
    "reconnect",
    "observe",
  ],
  testing: ["protocol", "transport", "transport/node", "socket", "server", "client", "reconnect"],
  web: ["protocol", "socket", "client", "reconnect"],
  "realtime/wire": ["protocol"],
  "realtime/msgpack": ["realtime/wire"],
  "realtime/contract": ["realtime/wire"],
  "realtime/client": ["realtime/contract", "realtime/wire", "reconnect", "socket", "transport", "protocol"],
  "realtime/client/node": [
    "realtime/client",
    "realtime/client/fallback",
    "realtime/wire",
    "node",
    "reconnect",
    "transport/node",
  ],
  "realtime/client/tabs": ["realtime/client", "realtime/wire", "transport"],
  "realtime/client/web": [
    "realtime/client",
    "realtime/client/fallback",
    "realtime/client/tabs",
    "realtime/wire",
    "web",
  ],
  "realtime/client/fallback": ["realtime/client", "realtime/wire", "transport"],
  react: ["realtime/client", "realtime/contract", "realtime/wire"],
  entry: ["protocol", "transport", "transport/node", "socket", "server", "client", "reconnect", "observe", "node"],
  cli: ["entry", "transport"],
};

const mayImportBuiltins: readonly Room[] = ["transport/node", "observe", "node", "testing", "cli"];

const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId.startsWith("boundaries/"),
  // Without types the files need not exist, and a lint takes milliseconds.
  overrideConfig: [{ languageOptions: { parserOptions: { projectService: false } } }],
});

async function violations(filePath: string, source: string): Promise<string[]> {
  const results = await eslint.lintText(source, { filePath: `${root}${filePath}` });
  return results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => `${ruleId ?? "parser"}: ${message}`));
}

/** The specifier by which one file imports another, as the sources write it. */
function specifier(from: string, to: string): string {
  const up = "../".repeat(from.split("/").length - 1) || "./";
  return `${up}${to.replace(/\.ts$/u, ".js")}`;
}

async function assertAllowed(from: string, source: string): Promise<void> {
  assert.deepEqual(await violations(from, source), [], `${from} should be allowed: ${source}`);
}

async function assertForbidden(from: string, source: string): Promise<void> {
  const found = await violations(from, source);
  assert.equal(found.length, 1, `${from} should be forbidden: ${source}; found ${JSON.stringify(found)}`);
  assert.match(found[0] ?? "", /^boundaries\/dependencies: The dependency rule: /u);
}

describe("the dependency rule", () => {
  for (const from of rooms) {
    for (const to of rooms) {
      if (from === to) continue;
      const source = `import ${JSON.stringify(specifier(files[from], files[to]))};`;
      if (mayImport[from].includes(to)) {
        it(`lets ${from} import ${to}`, () => assertAllowed(files[from], source));
      } else {
        it(`forbids ${from} to import ${to}`, () => assertForbidden(files[from], source));
      }
    }

    if (mayImportBuiltins.includes(from)) {
      it(`lets ${from} import Node's own modules`, () => assertAllowed(files[from], 'import "node:net";'));
    } else {
      it(`forbids ${from} to import Node's own modules`, async () => {
        await assertForbidden(files[from], 'import "node:net";');
        await assertForbidden(files[from], 'import "net";');
      });
    }

    // The entry is one file and has no neighbors.
    if (from !== "entry") {
      it(`lets ${from} import a neighbor`, () => assertAllowed(files[from], 'import "./neighbor.js";'));
    }

    for (const folder of ["tests/support", "demos", "bench", "interop", "examples", "scripts"]) {
      it(`forbids ${from} to import ${folder}`, () =>
        assertForbidden(files[from], `import ${JSON.stringify(specifier(files[from], `${folder}/example.ts`))};`));
    }

    it(`forbids ${from} to import a package that is no dependency`, async () => {
      await assertForbidden(files[from], 'import "ws";');
      await assertForbidden(files[from], 'import "openline";');
    });
  }

  it("lets cli, and only cli, import commander", async () => {
    for (const from of rooms) {
      await (from === "cli" ? assertAllowed : assertForbidden)(files[from], 'import "commander";');
    }
  });

  it("sees every way to import", async () => {
    const name = JSON.stringify(specifier(files.protocol, files.server));
    await assertForbidden(files.protocol, `import { serve } from ${name};`);
    await assertForbidden(files.protocol, `import type { Server } from ${name};`);
    await assertForbidden(files.protocol, `export * from ${name};`);
    await assertForbidden(files.protocol, `export type { Server } from ${name};`);
    await assertForbidden(files.protocol, `await import(${name});`);
    await assertForbidden(files.protocol, `export type Server = import(${name}).Server;`);
    await assertForbidden(files.protocol, 'import "#src/server/example.js";');
    await assertForbidden(
      files.protocol,
      `import ${JSON.stringify(specifier(files.protocol, "dist/server/index.js"))};`,
    );
  });

  it("wants a room for every folder of src", async () => {
    const found = await violations("src/attic/example.ts", "export {};");
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /^boundaries\/no-unknown-files: /u);
  });

  it("has its rules switched on as errors for every file of src", async () => {
    for (const file of Object.values(files)) {
      const config = (await eslint.calculateConfigForFile(`${root}${file}`)) as { rules: Record<string, unknown[]> };
      for (const rule of ["boundaries/dependencies", "boundaries/no-unknown-files"]) {
        assert.equal(config.rules[rule]?.[0], 2, `${rule} is not an error for ${file}`);
      }
    }
  });
});

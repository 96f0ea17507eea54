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
  overrideConfig: [{ languageOptions: { parserOptions: { project: false } } }],
});

/** What the lint says of each of these lines of one file: a lint of each by itself would take many times as long. */
async function violations(filePath: string, lines: readonly string[]): Promise<string[][]> {
  const results = await eslint.lintText(lines.join("\n"), { filePath: `${root}${filePath}` });
  const messages = results.flatMap((result) => result.messages);
  return lines.map((_line, index) =>
    messages.filter(({ line }) => line === index + 1).map(({ ruleId, message }) => `${ruleId ?? "parser"}: ${message}`),
  );
}

/** The specifier by which one file imports another, as the sources write it. */
function specifier(from: string, to: string): string {
  const up = "../".repeat(from.split("/").length - 1) || "./";
  return `${up}${to.replace(/\.ts$/u, ".js")}`;
}

/** An import, and whether the rule allows it where it stands. */
interface Import {
  readonly source: string;
  readonly isAllowed: boolean;
}

function assertJudged(from: string, { source, isAllowed }: Import, found: readonly string[]): void {
  if (isAllowed) {
    assert.deepEqual(found, [], `${from} should be allowed: ${source}`);
  } else {
    assert.equal(found.length, 1, `${from} should be forbidden: ${source}; found ${JSON.stringify(found)}`);
    assert.match(found[0] ?? "", /^boundaries\/dependencies: The dependency rule: /u);
  }
}

/** What each test of a room is about. */
function importsOf(from: Room): Readonly<Record<string, readonly Import[]>> {
  const others = rooms.filter((to) => to !== from);
  const builtins = mayImportBuiltins.includes(from);
  const importing = (name: string, isAllowed: boolean): Import => ({ source: `import "${name}";`, isAllowed });
  return {
    ...Object.fromEntries(
      others.map((to) => {
        const isAllowed = mayImport[from].includes(to);
        const title = isAllowed ? `lets ${from} import ${to}` : `forbids ${from} to import ${to}`;
        return [title, [importing(specifier(files[from], files[to]), isAllowed)]];
      }),
    ),
    [builtins ? `lets ${from} import Node's own modules` : `forbids ${from} to import Node's own modules`]: [
      importing("node:net", builtins),
      importing("net", builtins),
    ],
    // The entry is one file and has no neighbors.
    ...(from === "entry" ? {} : { [`lets ${from} import a neighbor`]: [importing("./neighbor.js", true)] }),
    ...Object.fromEntries(
      ["tests/support", "demos", "bench", "interop", "examples", "scripts"].map((folder) => [
        `forbids ${from} to import ${folder}`,
        [importing(specifier(files[from], `${folder}/example.ts`), false)],
      ]),
    ),
    [`forbids ${from} to import a package that is no dependency`]: [
      importing("ws", false),
      importing("openline", false),
    ],
    [from === "cli" ? `lets ${from} import commander` : `forbids ${from} to import commander`]: [
      importing("commander", from === "cli"),
    ],
  };
}

describe("the dependency rule", () => {
  for (const from of rooms) {
    const tests = Object.entries(importsOf(from));
    const lines = tests.flatMap(([, imports]) => imports.map(({ source }) => source));
    let verdicts: Promise<string[][]> | undefined;
    for (const [title, imports] of tests) {
      it(title, async () => {
        verdicts ??= violations(files[from], lines);
        const found = await verdicts;
        for (const each of imports) assertJudged(files[from], each, found[lines.indexOf(each.source)] ?? []);
      });
    }
  }

  it("sees every way to import", async () => {
    const name = JSON.stringify(specifier(files.protocol, files.server));
    const ways = [
      `import { serve } from ${name};`,
      `import type { Server } from ${name};`,
      `export * from ${name};`,
      `export type { Server } from ${name};`,
      `await import(${name});`,
      `export type Server = import(${name}).Server;`,
      'import "#src/server/example.js";',
      `import ${JSON.stringify(specifier(files.protocol, "dist/server/index.js"))};`,
    ];
    const found = await violations(files.protocol, ways);
    for (const [index, source] of ways.entries()) {
      assertJudged(files.protocol, { source, isAllowed: false }, found[index] ?? []);
    }
  });

  it("wants a room for every folder of src", async () => {
    const [found = []] = await violations("src/attic/example.ts", ["export {};"]);
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

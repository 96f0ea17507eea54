/**
 * The rules of the house that neither the compiler nor the lint can keep. Each failure says what to do about it.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What users of the package install with it. A new one needs a reason in ARCHITECTURE.md and a line here. */
const runtimeDependencies = ["@msgpack/msgpack", "@standard-schema/spec", "commander"];

/** What those install who want it, and nobody else: the clients of engines, and what hooks are for. A new one needs a reason, too. */
const optionalPeers = ["@nats-io/transport-node", "ioredis", "react", "y-protocols", "yjs"];

/** Longer than this, a file has more than one subject. */
const maxSourceLines = 450;

/** Folders of tests/ that belong to no single folder of src/. */
const crossCuttingTests = [
  ...["conformance", "contract", "demos", "deploy", "docs", "fuzz", "interop"],
  ...["crash", "repository", "security", "simulation", "soak", "support", "types"],
];

const documents = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"];

/** A file, or one for each condition. */
type ExportTarget = string | { readonly [condition: string]: ExportTarget };

interface PackageManifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bundleDependencies?: readonly string[];
  readonly exports: Readonly<Record<string, ExportTarget>>;
  readonly bin: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read("package.json")) as PackageManifest;
const sources = filesUnder("src").filter((file) => file.endsWith(".ts"));

function read(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

function readDocument(file: string): string {
  assert.ok(existsSync(path.join(root, file)), `${file} is missing: write it.`);
  return read(file);
}

/** Files below a folder, as paths from the root with forward slashes, without what is installed or built. */
function filesUnder(folder: string): string[] {
  const notOurs = new Set(["node_modules", "dist", "build", "coverage", ".next", ".git"]);
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : filesUnder(name);
    return [name];
  });
}

function assertNone(problems: readonly string[], advice: string): void {
  if (problems.length > 0) assert.fail(`${advice}\n  ${problems.join("\n  ")}`);
}

describe("the sources", () => {
  it("fit in a few screens each", () => {
    const long = sources
      .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
      .filter(({ lines }) => lines > maxSourceLines)
      .map(({ file, lines }) => `${file}: ${lines} lines`);
    assertNone(long, `A file of src/ has at most ${maxSourceLines} lines: split these by subject.`);
  });

  it("have a docstring on every export", () => {
    const declaration = /^export (?:declare |abstract |async )*(?:function\*?|const|class|interface|type|enum) (\w+)/u;
    const bare = sources.flatMap((file) => {
      const lines = read(file).split("\n");
      const seen = new Set<string>();
      return lines.flatMap((line, index) => {
        const name = declaration.exec(line)?.[1];
        // The first of several overloads speaks for all, and a value may share its name with its type.
        if (name === undefined || seen.has(name)) return [];
        seen.add(name);
        return lines[index - 1]?.trimEnd().endsWith("*/") === true ? [] : [`${file}:${index + 1}: ${name}`];
      });
    });
    assertNone(bare, "Every export says what it is for: put a /** docstring */ right above these.");
  });

  it("leave nothing for later and silence nothing without a reason", () => {
    const later = /\b(?:TODO|FIXME|XXX|HACK)\b/u;
    const silenced = /@ts-(?:ignore|nocheck)/u;
    const unexplained = /(?:eslint-disable|biome-ignore|[cv]8 ignore (?!stop))(?!.*(?: -- |: )\S)/u;
    const checked = [
      "src",
      "tests",
      "fuzz",
      "demos",
      "bench",
      "interop",
      "examples",
      "scripts",
      "docs",
      "deploy",
      ".ci",
    ].flatMap(filesUnder);
    const found = [...checked, ...filesAtRoot()]
      .filter((file) => /\.(?:[cm]?[jt]s|html|css|md|sh|ya?ml)$|^\.ci\/run$/u.test(file))
      // This file has to name what it looks for.
      .filter((file) => file !== "tests/repository/house.test.ts")
      .flatMap((file) =>
        read(file)
          .split("\n")
          .flatMap((line, index) => {
            if (later.test(line)) return [`${file}:${index + 1}: a note for later; do it now or open an issue`];
            if (silenced.test(line)) return [`${file}:${index + 1}: a type error is silenced; fix the type`];
            if (unexplained.test(line)) return [`${file}:${index + 1}: say why, after " -- " on the same line`];
            return [];
          }),
      );
    assertNone(found, "These lines put something off or silence a tool:");
  });
});

function filesAtRoot(): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

describe("the tests", () => {
  const tests = filesUnder("tests").filter((file) => file.endsWith(".test.ts"));

  it("mirror the sources", () => {
    const astray = tests.filter((file) => {
      const inside = file.slice("tests/".length);
      if (crossCuttingTests.includes(inside.split("/")[0] ?? "")) return false;
      // `frame-parser.test.ts`, or one aspect of it: `frame-parser.limits.test.ts`.
      const subject = inside.replace(/(?:\.[\w-]+)?\.test\.ts$/u, "");
      return !existsSync(path.join(root, "src", `${subject}.ts`));
    });
    assertNone(
      astray,
      "A test stands where its source stands (tests/protocol/utf8.test.ts for src/protocol/utf8.ts) or in one of " +
        `tests/{${crossCuttingTests.join(",")}}: move or rename these.`,
    );
  });

  it("run all: every test file ends in .test.ts, and only those call the runner", () => {
    const silent = filesUnder("tests")
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("tests/support/"))
      .filter((file) => /^(?:describe|it|test)\(/mu.test(read(file)));
    assertNone(silent, "These files hold tests that `npm test` does not run: end their names in .test.ts.");
  });
});

describe("the documents", () => {
  it("are all there", () => {
    assertNone(
      documents.filter((file) => !existsSync(path.join(root, file))),
      "A reader expects these documents: write them.",
    );
  });

  it("tell of every folder of src", () => {
    const paragraphs = readDocument("ARCHITECTURE.md").split(/\n\s*\n/u);
    const folders = [...new Set(sources.map((file) => path.posix.dirname(file)))].filter((folder) => folder !== "src");
    const untold = folders.filter((folder) => {
      const name = new RegExp(`${folder}(?![\\w-]|/[\\w-])`, "u");
      return !paragraphs.some((paragraph) => name.test(paragraph) && !paragraph.startsWith("```"));
    });
    assertNone(untold, "Each folder of src/ has a paragraph in ARCHITECTURE.md that names its path: write these.");
  });

  it("give a reason for every dependency", () => {
    const text = readDocument("ARCHITECTURE.md");
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    assertNone(
      names.filter((name) => !text.includes(`\`${name}\``)),
      "ARCHITECTURE.md lists every dependency with its reason, its name in backticks: add these, or uninstall them.",
    );
  });
});

describe("the package", () => {
  it("brings exactly the runtime dependencies that were decided on", () => {
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, bundleDependencies } = manifest;
    const peers = Object.keys(peerDependencies ?? {}).sort();
    assert.deepEqual(
      [Object.keys(dependencies ?? {}).sort(), optionalDependencies, peers, bundleDependencies],
      [[...runtimeDependencies].sort(), undefined, [...optionalPeers].sort(), undefined],
      "package.json and the list in this test differ: make it a devDependency, or give its reason in ARCHITECTURE.md.",
    );
    const forced = peers.filter((name) => peerDependenciesMeta?.[name]?.optional !== true);
    assert.deepEqual(forced, [], "peers are for those who want them: make them optional in peerDependenciesMeta");
  });

  it("has what its exports and commands point to", () => {
    const filesOf = (target: ExportTarget): string[] =>
      typeof target === "string" ? [target] : Object.values(target).flatMap(filesOf);
    const targets = Object.values(manifest.exports).flatMap(filesOf);
    assertNone(
      [...targets, ...Object.values(manifest.bin)].filter((target) => !existsSync(path.join(root, target))),
      "package.json points to files that the build does not make: correct its exports or bin, or write the sources.",
    );
  });

  it("has commands that a shell can start", () => {
    assertNone(
      Object.values(manifest.bin).filter((file) => !read(file).startsWith("#!/usr/bin/env node\n")),
      "The source of a command starts with #!/usr/bin/env node: add it to these.",
    );
  });
});

describe("the protocol core is pure", () => {
  it("compiles with the language of ES2023 alone, without Node's globals or the browser's", () => {
    const { options, errors } = parseProject("src/protocol");
    assert.deepEqual(errors, []);
    assert.deepEqual(options.types, [], 'src/protocol/tsconfig.json must say "types": []');
    assert.deepEqual(options.lib, ["lib.es2023.d.ts"], 'src/protocol/tsconfig.json must say "lib": ["ES2023"]');
  });

  it("imports nothing from outside its folder once compiled", () => {
    const folder = path.join(root, "dist/protocol");
    const compiled = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.(?:js|d\.ts)$/u.test(file),
    );
    assert.ok(compiled.length > 0, "dist/protocol is empty: run npm run build.");
    const outward = compiled.flatMap((file) => {
      const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(
        readFileSync(path.join(folder, file), "utf8"),
      );
      return [...importedFiles, ...typeReferenceDirectives]
        .map(({ fileName }) => fileName)
        .filter((name) => {
          const target = path.resolve(folder, path.dirname(file), name);
          return !name.startsWith(".") || !target.startsWith(folder + path.sep);
        })
        .map((name) => `dist/protocol/${file}: ${name}`);
    });
    assertNone(outward, "The protocol core imports nothing: pass these in as arguments.");
  });
});

function parseProject(folder: string): ts.ParsedCommandLine {
  const file = path.join(root, folder, "tsconfig.json");
  const parsed = ts.getParsedCommandLineOfConfigFile(file, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(`${file}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`);
    },
  });
  assert.ok(parsed, `${file} cannot be read`);
  return parsed;
}

/**
 * The documentation is true: its snippets compile and run as they stand, and print what their comments say.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";

const root = fileURLToPath(new URL("../../../", import.meta.url));
// Inside the package, so that "openline" is the package itself.
const workFolder = path.join(root, "build", "snippets");

interface Snippet {
  readonly document: string;
  readonly name: string;
  readonly source: string;
  /** With components in it: `tsx`. */
  readonly language: string;
}

function documents(): string[] {
  const docs = readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" });
  return ["README.md", ...docs.filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)];
}

function snippetsOf(document: string): Snippet[] {
  const text = readFileSync(path.join(root, document), "utf8");
  return [...text.matchAll(/^```(tsx?)\n(.*?)^```$/gmsu)].map(([, language = "", source = ""], index) => ({
    name: `${document.replace(/\W+/gu, "-")}-${String(index + 1)}`,
    ...{ document, language, source },
  }));
}

/** On a free port instead of the one written down, and ending by itself. */
function runnable(source: string): string {
  const freed = source
    .replaceAll("port: 9000", "port: 0")
    .replaceAll(
      /"ws:\/\/localhost:9000(\/[^"]*)?"/gu,
      (_match, rest: string | undefined) => `server.url + "${rest ?? ""}"`,
    );
  const endsItself = !source.includes("const server =") || source.includes("server.close()");
  return endsItself ? freed : `${freed}\nawait server.close();\n`;
}

/** What the comments behind `console.log(…);` promise. */
function promisedLines(source: string): string[] {
  return [...source.matchAll(/console\.log\([^\n]*\); \/\/ (.+)$/gmu)].map((match) => match[1] ?? "");
}

const run = promisify(execFile);

/** How many processes run the snippets. */
const processCount = 4;

/** What the compiler has to say about each of these files: one program for all, since most of its work is reading Node's types. */
function diagnose(files: readonly string[]): (file: string) => string[] {
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    jsx: ts.JsxEmit.ReactJSX,
  });
  const global = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  return (file) => {
    const source = program.getSourceFile(file);
    assert.ok(source !== undefined, `${file} has not been read`);
    return [...global, ...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"),
    );
  };
}

/** Makes a script of a snippet. */
function transpile({ file, source }: { readonly file: string; readonly source: string }): string {
  const script = file.replace(/\.\w+$/u, ".mjs");
  const { outputText } = ts.transpileModule(runnable(source), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, jsx: ts.JsxEmit.ReactJSX },
    fileName: file,
  });
  writeFileSync(script, outputText);
  return script;
}

/** The snippets of every document that one of the processes runs. */
function dealt<Of extends Snippet>(snippets: readonly Of[], part: number): Of[] {
  const documentsOf = [...new Set(snippets.map(({ document }) => document))];
  return snippets.filter(({ document }) => documentsOf.indexOf(document) % processCount === part);
}

/** Runs snippets in one process, and returns what they print. */
async function runAll(name: string, snippets: readonly (Snippet & { readonly file: string })[]): Promise<string> {
  const lines = snippets.map((snippet) => {
    const script = path.basename(transpile(snippet));
    return `console.log(${JSON.stringify(markOf(snippet.name))});\nawait import("./${script}");\n`;
  });
  const all = path.join(workFolder, `${name}.mjs`);
  writeFileSync(all, lines.join(""));
  const { stdout } = await run(process.execPath, [all], { timeout: 120_000 });
  return stdout;
}

/** The same promise each time. */
function once<Value>(begin: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => (value ??= begin());
}

/** What stands in the output before what a snippet prints. */
function markOf(name: string): string {
  return `--- ${name}`;
}

// Some of them wait for a deadline of theirs.
describe("the snippets of the documentation", { concurrency: 4 }, () => {
  mkdirSync(workFolder, { recursive: true });
  const snippets = documents()
    .flatMap(snippetsOf)
    // A file with components has no extension that says which kind of module it is; the package does.
    .map((snippet) => ({
      ...snippet,
      file: path.join(workFolder, `${snippet.name}.${snippet.language === "tsx" ? "tsx" : "mts"}`),
    }));
  for (const { file, source } of snippets) writeFileSync(file, runnable(source));
  const diagnosticsOf = diagnose(snippets.map(({ file }) => file));

  for (const { name, file } of snippets) {
    it(`${name} compiles`, () => {
      assert.deepEqual(diagnosticsOf(file), []);
    });
  }

  // Each process runs those of many documents, since starting one takes longer than most of them run. It ends by itself, or
  // something that a snippet has begun goes on.
  const outputs = Array.from({ length: processCount }, (_, part) =>
    once(() => runAll(`process-${String(part)}`, dealt(snippets, part))),
  );
  for (const [index, document] of [...new Set(snippets.map((snippet) => snippet.document))].entries()) {
    it(`those of ${document} run and print what they say`, async () => {
      const stdout = await outputs[index % processCount]!();
      for (const { name, source } of snippets.filter((snippet) => snippet.document === document)) {
        // What was not waited for may come later than the next one begins.
        const printed = stdout.slice(stdout.indexOf(markOf(name))).split("\n");
        for (const line of promisedLines(source)) assert.ok(printed.includes(line), `${name}: ${line} in: ${stdout}`);
      }
    });
  }
});

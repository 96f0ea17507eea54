// Bundles the demos' pages for the browser: each folder with a `page/` becomes one of the same name in build/demos/public.
// `tsc -b` checks their types; this only turns them into files.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildDocs } from "./docs/build.js";
import { highlight } from "./docs/markdown.js";

const demosFolder = fileURLToPath(new URL("./", import.meta.url));
const publicFolder = fileURLToPath(new URL("../build/demos/public/", import.meta.url));
const entryNames = ["main.ts", "main.tsx"];
const snippetMark = /[ \t]*<!--snippet (\S+)-->/gu;

/**
 * Fills in `<!--snippet docs/realtime.md-->`: the first snippet of that document, which is tested there.
 *
 * @param {string} html
 */
async function withSnippets(html) {
  let filled = html;
  for (const [mark, file = ""] of html.matchAll(snippetMark)) {
    const text = await readFile(path.join(demosFolder, "..", file), "utf8");
    const [, source] = /^```ts\n(.*?)\n```$/msu.exec(text) ?? [];
    if (source === undefined) throw new Error(`${file} has no snippet`);
    filled = filled.replace(mark, () => highlight(source, "ts"));
  }
  return filled;
}

/** @param {string} name the demo's folder */
async function buildPage(name) {
  const page = path.join(demosFolder, name, "page");
  const style = path.join(page, "style.css");
  // What all pages share has no page of its own.
  if (!existsSync(style)) return;
  const entry = entryNames.map((file) => path.join(page, file)).find((file) => existsSync(file));
  const outdir = path.join(publicFolder, name);
  await mkdir(outdir, { recursive: true });
  // What runs beside the page is a script of its own.
  const worker = path.join(page, "worker.ts");
  await build({
    entryPoints: {
      ...(entry === undefined ? {} : { page: entry }),
      ...(existsSync(worker) ? { worker } : {}),
      style,
    },
    outdir,
    bundle: true,
    format: "esm",
    splitting: true,
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    target: "es2022",
    logLevel: "warning",
  });
  for (const file of await readdir(page)) {
    const from = path.join(page, file);
    if (file.endsWith(".svg")) await copyFile(from, path.join(outdir, file));
    if (file.endsWith(".html"))
      await writeFile(path.join(outdir, file), await withSnippets(await readFile(from, "utf8")));
  }
  await copyFile(path.join(demosFolder, "site/page/favicon.svg"), path.join(outdir, "favicon.svg"));
}

for (const entry of await readdir(demosFolder, { withFileTypes: true })) {
  if (entry.isDirectory()) await buildPage(entry.name);
}
await buildDocs(publicFolder);

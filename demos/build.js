// Bundles the demos' pages for the browser: each folder with a `page/` becomes one of the same name in build/demos/public.
// `tsc -b` checks their types; this only turns them into files.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const demosFolder = fileURLToPath(new URL("./", import.meta.url));
const publicFolder = fileURLToPath(new URL("../build/demos/public/", import.meta.url));
const entryNames = ["main.ts", "main.tsx"];

/** @param {string} name the demo's folder */
async function buildPage(name) {
  const page = path.join(demosFolder, name, "page");
  const entry = entryNames.map((file) => path.join(page, file)).find((file) => existsSync(file));
  if (entry === undefined) return;
  const outdir = path.join(publicFolder, name);
  await mkdir(outdir, { recursive: true });
  // What runs beside the page is a script of its own.
  const worker = path.join(page, "worker.ts");
  await build({
    entryPoints: { page: entry, style: path.join(page, "style.css"), ...(existsSync(worker) ? { worker } : {}) },
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
    if (/\.(html|svg)$/.test(file)) await copyFile(path.join(page, file), path.join(outdir, file));
  }
  await copyFile(path.join(demosFolder, "site/page/favicon.svg"), path.join(outdir, "favicon.svg"));
}

for (const entry of await readdir(demosFolder, { withFileTypes: true })) {
  if (entry.isDirectory()) await buildPage(entry.name);
}

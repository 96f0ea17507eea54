// Bundles the page of the live demo for the browser. `tsc -b` checks its types; this only turns it into files.
import { copyFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const pageFolder = new URL("live/page/", import.meta.url);
const publicFolder = new URL("../build/demos/live/public/", import.meta.url);

await mkdir(publicFolder, { recursive: true });
await build({
  entryPoints: {
    page: fileURLToPath(new URL("main.ts", pageFolder)),
    style: fileURLToPath(new URL("style.css", pageFolder)),
  },
  outdir: fileURLToPath(publicFolder),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  logLevel: "warning",
});
for (const name of ["index.html", "favicon.svg"]) {
  await copyFile(new URL(name, pageFolder), new URL(name, publicFolder));
}

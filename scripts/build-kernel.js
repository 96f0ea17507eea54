/**
 * Assembles src/transport/wasm/kernel.wat into kernel-bytes.ts beside it: `npm run build:kernel`, after a change of the
 * former. With `--print` it only prints what it would write, for the test that compares the two.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import wabt from "wabt";
import { root } from "./lib/paths.js";

const source = "src/transport/wasm/kernel.wat";
const target = "src/transport/wasm/kernel-bytes.ts";
const digitsPerLine = 112;

const module = (await wabt()).parseWat(source, readFileSync(path.join(root, source), "utf8"));
module.validate();
// Names would only make it larger.
const { buffer } = module.toBinary({ write_debug_names: false });
const lines = Buffer.from(buffer)
  .toString("hex")
  .match(new RegExp(`.{1,${digitsPerLine}}`, "gu"));

const text = `/**
 * The module that kernel.wat makes, as \`npm run build:kernel\` wrote it. Do not edit: a test assembles it again and
 * compares.
 */

/** The octets of the WebAssembly module in hexadecimal. */
export const kernelHex: string = [
${lines.map((line) => `  "${line}",\n`).join("")}].join("");
`;

if (process.argv.includes("--print")) process.stdout.write(text);
else writeFileSync(path.join(root, target), text);

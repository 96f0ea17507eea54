/**
 * Assembles the WebAssembly texts of src/transport/wasm into the files with their octets beside them:
 * `npm run build:kernel`, after a change of one of them. With `--print` it only prints what it would write, one after
 * the other, for the test that compares them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import wabt from "wabt";
import { root } from "./lib/paths.js";

const folder = "src/transport/wasm";
const modules = [
  { source: "kernel.wat", target: "kernel-bytes.ts", name: "kernelHex" },
  { source: "deflate/deflate.wat", target: "deflate/deflate-bytes.ts", name: "deflateHex" },
];
const digitsPerLine = 112;
const assembler = await wabt();

for (const { source, target, name } of modules) {
  const module = assembler.parseWat(source, readFileSync(path.join(root, folder, source), "utf8"));
  module.validate();
  // Names would only make it larger.
  const { buffer } = module.toBinary({ write_debug_names: false });
  const lines = Buffer.from(buffer)
    .toString("hex")
    .match(new RegExp(`.{1,${digitsPerLine}}`, "gu"));

  const text = `/**
 * The module that ${path.basename(source)} makes, as \`npm run build:kernel\` wrote it. Do not edit: a test assembles it again and
 * compares.
 */

/** The octets of the WebAssembly module in hexadecimal. */
export const ${name}: string = [
${lines.map((line) => `  "${line}",\n`).join("")}].join("");
`;

  if (process.argv.includes("--print")) process.stdout.write(text);
  else writeFileSync(path.join(root, folder, target), text);
}

/**
 * Inputs that are kept, as files: `fuzz/corpus/<target>/`, named for their content.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Where the inputs of a target are. */
export function corpusFolder(target: string): string {
  return path.join(root, "fuzz", "corpus", target);
}

/** Where inputs go for which something does not hold. */
export function failuresFolder(target: string): string {
  return path.join(root, "build", "fuzz-failures", target);
}

/** The kept inputs of a target, in an order that does not change. */
export function readCorpus(target: string): Uint8Array[] {
  const folder = corpusFolder(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => new Uint8Array(readFileSync(path.join(folder, file))));
}

/** Keeps an input. Returns its file. */
export function writeInput(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${createHash("sha256").update(input).digest("hex").slice(0, 16)}.bin`);
  writeFileSync(file, input);
  return file;
}

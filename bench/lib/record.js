/**
 * The record of a run: everything that was measured, on which machine, with which versions.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { toJson } from "./json.js";

/**
 * Where a record belongs: a quick run's figures say nothing and must not take the place of those that are published.
 *
 * @param {string} name of the file
 * @param {boolean} quick
 */
export function recordFile(name, quick) {
  return new URL(`../${quick ? "build" : "results"}/${name}.json`, import.meta.url);
}

/**
 * @param {URL} file
 * @param {unknown} record
 */
export async function writeRecord(file, record) {
  await mkdir(new URL(".", file), { recursive: true });
  await writeFile(file, toJson(record));
}

/** @param {URL} file */
export async function readRecord(file) {
  return JSON.parse(await readFile(file, "utf8"));
}

/** Where things are, for the scripts of this repository. */
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Every file under a folder, as paths relative to the repository with forward slashes, sorted.
 *
 * @param {string} folder relative to the repository; one that does not exist has no files
 * @returns {string[]}
 */
export function filesUnder(folder) {
  if (statSync(path.join(root, folder), { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
    .map((file) => file.split(path.sep).join("/"))
    .sort();
}

/**
 * The compiled test files that a list of filters selects.
 *
 * @param {readonly string[]} filters paths of test sources or folders, such as `tests/protocol` or
 *   `tests/protocol/utf8.test.ts`, or any part of such a path; none selects every test
 * @returns {string[]} paths relative to the repository
 */
export function selectTests(filters) {
  const all = filesUnder("build/tests").filter((file) => file.endsWith(".test.js"));
  if (filters.length === 0) return all;
  const wanted = filters.map((filter) => filter.replace(/^\.\//u, "").replace(/\.(?:ts|js)$/u, ""));
  return all.filter((file) => wanted.some((part) => file.includes(part)));
}

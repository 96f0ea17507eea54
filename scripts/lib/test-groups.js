/**
 * Which test files share a process.
 *
 * `node --test` starts a process for each file, and in the pure rooms starting one takes most of the time. Their tests need
 * nothing of the process they run in, so that a folder of them can be one file that imports the others.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.js";

/** But for these among them: what starts processes, what bundles, and what puts something in the place of a global. */
const alone = /\.(?:chromium|process)\.test\.js$|\/web\//u;

/** Nothing under these starts a process, changes a global for good or looks at the memory of its own process. */
const sharing = [
  "build/tests/protocol/",
  "build/tests/socket/",
  "build/tests/server/",
  "build/tests/client/",
  "build/tests/reconnect/",
  "build/tests/realtime/contract/",
  "build/tests/realtime/wire/",
  "build/tests/realtime/engines/memory/",
  "build/tests/realtime/server/",
  "build/tests/realtime/client/",
  "build/tests/realtime/msgpack/",
];
const folder = "build/test-groups";

/**
 * What runs in a process.
 *
 * @typedef {object} Process
 * @property {string} file what is run, relative to the repository
 * @property {readonly string[]} members the test files that it imports, where it is not one itself
 */

/**
 * Puts files together that may share a process.
 *
 * @param {readonly string[]} files compiled test files, relative to the repository
 * @returns {Process[]} what to run instead: the groups, which take longest, and then the rest
 */
export function groupTests(files) {
  rmSync(path.join(root, folder), { recursive: true, force: true });
  mkdirSync(path.join(root, folder), { recursive: true });
  const groups = sharing.flatMap((shared) => {
    const members = files.filter((file) => file.startsWith(shared) && !alone.test(file));
    if (members.length < 2) return [];
    const file = `${folder}/${shared.split("/").slice(2, -1).join("-")}.test.js`;
    const imports = members.map((member) => `import "${path.posix.relative(folder, member)}";\n`);
    writeFileSync(path.join(root, file), imports.join(""));
    return [{ file, members }];
  });
  const grouped = new Set(groups.flatMap(({ members }) => members));
  return [...groups, ...files.filter((file) => !grouped.has(file)).map((file) => ({ file, members: [] }))];
}

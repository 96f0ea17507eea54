/**
 * Which test files share a process.
 *
 * `node --test` starts a process for each file, and starting one and loading what it tests takes much of the time. Most tests need
 * nothing of the process they run in, so that a folder of them can be one file that imports the others.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.js";

/** But for these among them: what starts processes, what bundles, and what puts something in the place of a global. */
const alone = /\.(?:chromium|commonjs|process)\.test\.js$|-page\.test\.js$|\/snippets\.test\.js$|\/web\//u;

/**
 * And outside of the pure rooms those that speak of what all tests of a process have in common: its events, its environment, its
 * memory, its flags and its globals, or of processes of their own.
 */
const common =
  /\bprocess\.(?:on|once|off|emit|memoryUsage|exit|kill|env)\b|setFlagsFromString|async_hooks|\bmock\.|globalThis,|child_process/u;

/** What tests once a process whether something works, and what looks at the memory of its process from within helpers. */
const fresh = /\/(?:self-test|serve\.memory)\.test\.js$/u;

/**
 * Folders whose tests may share a process, each with how many processes its tests are dealt out to: where they wait for ports and
 * deadlines, others go on meanwhile. Nothing in the pure ones starts a process, changes a global for good or looks at the memory
 * of its own process.
 *
 * @type {readonly { folder: string, isPure?: boolean, processes?: number }[]}
 */
const sharing = [
  { folder: "build/tests/protocol/", isPure: true },
  { folder: "build/tests/socket/", isPure: true },
  { folder: "build/tests/server/", isPure: true },
  { folder: "build/tests/client/", isPure: true },
  { folder: "build/tests/node/", processes: 5 },
  { folder: "build/tests/transport/", processes: 2 },
  { folder: "build/tests/compat/ws/" },
  { folder: "build/tests/realtime/client/", isPure: true },
  { folder: "build/tests/realtime/server/", isPure: true },
  { folder: "build/tests/realtime/engines/nats/", processes: 3 },
  { folder: "build/tests/realtime/engines/memory/", isPure: true },
  { folder: "build/tests/realtime/contract/", isPure: true },
  { folder: "build/tests/realtime/wire/", isPure: true },
  { folder: "build/tests/realtime/msgpack/", isPure: true },
  { folder: "build/tests/reconnect/", isPure: true },
  { folder: "build/tests/yjs/" },
  { folder: "build/tests/react/" },
  { folder: "build/tests/docs/" },
  { folder: "build/tests/testing/" },
  { folder: "build/tests/chaos/" },
  { folder: "build/tests/observe/" },
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
  const left = new Set(files);
  const groups = sharing.flatMap(({ folder: shared, isPure = false, processes = 1 }) => {
    const members = [...left].filter(
      (file) => file.startsWith(shared) && !alone.test(file) && (isPure || mayShare(file)),
    );
    if (members.length <= processes) return [];
    for (const member of members) left.delete(member);
    const name = shared.split("/").slice(2, -1).join("-");
    return Array.from({ length: processes }, (_, part) => {
      const dealt = members.filter((_member, index) => index % processes === part);
      return writeGroup(processes === 1 ? name : `${name}-${part + 1}`, dealt);
    });
  });
  return [...groups, ...[...left].map((file) => ({ file, members: [] }))];
}

/** @param {string} file */
function mayShare(file) {
  return !fresh.test(file) && !common.test(readFileSync(path.join(root, file), "utf8"));
}

/**
 * @param {string} name
 * @param {readonly string[]} members
 * @returns {Process}
 */
function writeGroup(name, members) {
  const file = `${folder}/${name}.test.js`;
  const imports = members.map((member) => `import "${path.posix.relative(folder, member)}";\n`);
  writeFileSync(path.join(root, file), imports.join(""));
  return { file, members };
}

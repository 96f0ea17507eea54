/**
 * What a file in peers/ exports as `peer`: a rival, and how to start it.
 *
 * The file is loaded by the main process, which wants the names, and by the server process, which wants the server: so
 * it must import the rival inside `serve` only.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {(script: string, args: readonly string[], profileFolder: string | undefined) => readonly string[]} command
 *   the program that runs a script of ours as this peer's server, with its arguments
 * @property {() => Promise<Record<string, string>>} versions of the packages or the runtime it consists of; rejects
 *   where they are not there, and the peer is left out
 * @property {Record<string, () => Promise<{ port: number }>>} serve starts a server on 127.0.0.1, by what a workload
 *   asks for: "echo" sends every message back as it came
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/**
 * The command of a peer that runs on the Node that runs us.
 *
 * @type {Peer["command"]}
 */
export function nodeCommand(script, args, profileFolder) {
  const profiling = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  return [process.execPath, ...profiling, script, ...args];
}

const require = createRequire(import.meta.url);

/**
 * Versions of installed packages, by their names.
 *
 * @param {readonly string[]} names
 * @returns {Promise<Record<string, string>>}
 */
export async function packageVersions(...names) {
  const entries = names.map(async (name) => {
    const manifest = JSON.parse(await readFile(require.resolve(`${name}/package.json`), "utf8"));
    return [name, manifest.version];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * What a file in peers/ exports as `peer`: a rival, and how to start it.
 *
 * The file is loaded by the main process, which wants the names, and by the peer's process, which wants the server or
 * the client: so it must import the rival inside `serve` and `connect` only.
 *
 * @typedef {object} Peer
 * @property {string} name for `--peer`
 * @property {string} title for people
 * @property {(script: string, args: readonly string[], profileFolder: string | undefined) => readonly string[]} command
 *   the program that runs a script of ours as this peer's process, with its arguments
 * @property {Readonly<Record<string, string>>} [environment] variables for it
 * @property {() => Promise<Record<string, string>>} versions of the packages or the runtime it consists of; rejects
 *   where they are not there, and the peer is left out
 * @property {Readonly<Record<string, Serve>>} [serve] servers, by what a workload asks for
 * @property {(url: string, connections: number) => Promise<void>} [connect] opens so many connections, each of which
 *   sends every message back as it came
 * @property {() => Promise<Record<string, string>>} [lacks] of `serve`, what the installed version does not offer, and
 *   why
 */

/**
 * Starts a server on 127.0.0.1, as its documentation says.
 *
 * "echo" sends every message back as it came. "broadcast" answers a connection to /subscribe with the text "subscribed"
 * when it has become a subscriber, and sends every message of a connection to /publish to all subscribers. Both without
 * compression; "compressedEcho" and "compressedBroadcast" are the same with permessage-deflate. "rooms" is a real-time
 * server (`realtime-servers.js`).
 *
 * @callback Serve
 * @param {Tls | undefined} tls whether through TLS
 * @param {import("./load.js").LoadSettings} load under which it will be
 * @returns {Promise<{ port: number, feedPort?: number, speaks?: string }>}
 */

/** @typedef {{ certFile: string, keyFile: string, cert: string, key: string }} Tls */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

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
 * The file of an installed package.
 *
 * @param {string} name of the package
 * @param {string} file in it
 */
export function packageFile(name, file) {
  return require.resolve(`${name}/package.json`).replace(/package\.json$/u, file);
}

/**
 * Versions of installed packages, by their names.
 *
 * @param {readonly string[]} names
 * @returns {Promise<Record<string, string>>}
 */
export async function packageVersions(...names) {
  const entries = names.map(async (name) => {
    const manifest = JSON.parse(await readFile(packageFile(name, "package.json"), "utf8"));
    return [name, manifest.version];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * The certificate that every server shows. Its key is public: it is for measuring only.
 *
 * @returns {Tls}
 */
export function benchCertificate() {
  const certFile = fileURLToPath(new URL("../tls/bench-only.cert.pem", import.meta.url));
  const keyFile = fileURLToPath(new URL("../tls/bench-only.key.pem", import.meta.url));
  return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}

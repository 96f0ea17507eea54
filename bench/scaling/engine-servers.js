/**
 * The servers beneath several nodes, started by whoever measures: in temporary folders, on ports that are free, each anew
 * for every measurement.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

/**
 * @typedef {object} EngineServer
 * @property {string} url
 * @property {number} pid
 * @property {() => Promise<void>} end
 *
 * @typedef {object} EngineKind
 * @property {string} program
 * @property {string} advice how it is installed
 * @property {(folder: string) => Promise<string[]>} args of the command line
 * @property {"stdout" | "stderr"} speaksOn
 * @property {string} ready what it says when it serves
 * @property {RegExp} port where it says on which port it listens
 * @property {string} scheme of its URL
 */

const host = "127.0.0.1";
// Debian has nats-server in a folder that is not on everybody's path.
const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin` };
const attempts = 3;

/** Redis does not choose a port by itself. */
async function freePort() {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** @type {Readonly<Record<string, EngineKind>>} */
export const engineKinds = {
  nats: {
    program: "nats-server",
    advice: "apt-get install -y nats-server",
    args: async (folder) => ["-js", "-sd", folder, "-a", host, "-p", "-1"],
    speaksOn: "stderr",
    ready: "Server is ready",
    port: /Listening for client connections on .*:(\d+)/u,
    scheme: "nats",
  },
  redis: {
    program: "redis-server",
    advice: "apt-get install -y redis-server",
    args: async (folder) => ["--port", String(await freePort()), "--bind", host, "--dir", folder, "--save", ""],
    speaksOn: "stdout",
    ready: "Ready to accept connections",
    port: /Port: (\d+)|port=(\d+)/u,
    scheme: "redis",
  },
};

/**
 * @param {string} name of an engine
 * @returns {string | undefined} its version; undefined where it is not there
 */
export function engineVersion(name) {
  const { status, stdout } = spawnSync(engineKinds[name].program, ["--version"], { env, encoding: "utf8" });
  return status === 0 ? /\d+\.\d+\.\d+/u.exec(stdout)?.[0] : undefined;
}

/**
 * @param {string} name of an engine
 * @returns {Promise<EngineServer>} when it serves
 */
export async function startEngineServer(name) {
  for (let attempt = 1; ; attempt++) {
    const folder = await mkdtemp(path.join(os.tmpdir(), "openline-scaling-"));
    try {
      return await start(engineKinds[name], folder);
    } catch (error) {
      await rm(folder, { recursive: true });
      // Somebody else may have been given the port meanwhile.
      if (attempt === attempts) throw error;
    }
  }
}

/**
 * @param {EngineKind} kind
 * @param {string} folder
 * @returns {Promise<EngineServer>}
 */
async function start({ program, args, advice, speaksOn, ready, port, scheme }, folder) {
  const options = await args(folder);
  const child = spawn(program, options, { env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("close", resolve));
  child.once("error", () => undefined);
  const said = [];
  let found;
  child[speaksOn === "stdout" ? "stderr" : "stdout"].resume();
  for await (const line of createInterface(child[speaksOn])) {
    said.push(line);
    found ??= port.exec(line)?.slice(1).find(Boolean);
    if (!line.includes(ready)) continue;
    child[speaksOn].resume();
    // Nobody else ends it when we are ended before we do.
    const kill = () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", kill);
    const end = async () => {
      process.off("exit", kill);
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true });
    };
    return { url: `${scheme}://${host}:${found}`, pid: child.pid, end };
  }
  await exited;
  throw new Error(`${program} does not start (${advice}): ${said.slice(-3).join("; ")}`);
}

/**
 * Redis servers of the tests' own: in temporary folders, on ports that the system chooses.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { stopProcess } from "../stopped.js";

/** Which one: that of the system, or the one that the environment names, which may be Valkey's. */
const program = process.env["REDIS_SERVER"] ?? "redis-server";

/** Why tests that need a server are skipped; false where there is one, or one was named, which had better be there. */
export const noRedis: string | false =
  process.env["REDIS_SERVER"] !== undefined || spawnSync(program, ["--version"]).status === 0
    ? false
    : "needs redis-server: apt-get install -y redis-server, or REDIS_SERVER=path";

/** A port that nobody listens on, and that a Cluster's bus (10,000 above) can be beside. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = net.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, "close");
    if (port < 50_000) return port;
  }
}

export class RedisServer {
  readonly port: number;
  readonly folder: string = mkdtempSync(path.join(os.tmpdir(), "openline-redis-"));
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** @param args of the command line, beside where it listens and keeps what it has */
  static async start(...args: string[]): Promise<RedisServer> {
    for (let attempt = 0; ; attempt++) {
      const server = new RedisServer(await freePort(), args);
      try {
        await server.resume();
        return server;
      } catch (error) {
        await server.dispose();
        // Somebody else was given the port meanwhile.
        if (attempt === 3) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${String(this.port)}`;
  }

  /** Starts it, with what it had, on the port that it had. */
  async resume(): Promise<void> {
    const at = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder];
    const isSentinel = this.#args.includes("--sentinel");
    // A Sentinel writes down what it knows.
    const config = path.join(this.folder, "sentinel.conf");
    if (isSentinel) writeFileSync(config, "");
    const options = isSentinel ? [config, ...this.#args, ...at] : [...at, "--save", "", ...this.#args];
    const child = spawn(program, options, { stdio: ["ignore", "pipe", "ignore"] });
    this.#process = child;
    for await (const line of createInterface(child.stdout)) {
      if (!line.includes(isSentinel ? "Sentinel ID is" : "Ready to accept connections")) continue;
      child.stdout.resume();
      return;
    }
    throw new Error("redis-server does not start");
  }

  /** It does nothing any more, and nobody is told. */
  pause(): Promise<void> {
    return stopProcess(this.#process);
  }

  unpause(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Kills it as a machine that fails would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }
}

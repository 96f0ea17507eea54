/**
 * A NATS server of the tests' own: JetStream in a temporary folder, on a port that the system chooses.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { stopProcess } from "../stopped.js";

/** Which one: that of the system, or the one that the environment names. */
const program = process.env["NATS_SERVER"] ?? "nats-server";

/** Why tests that need a server are skipped; false where there is one, or one was named, which had better be there. */
export const noNats: string | false =
  process.env["NATS_SERVER"] !== undefined || spawnSync(program, ["--version"], { env: withSbin() }).status === 0
    ? false
    : "needs nats-server: apt-get install -y nats-server, or NATS_SERVER=path";

// Debian has it in a folder that is not on everybody's path.
function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
}

export class NatsServer {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), "openline-nats-"));
  #process: ChildProcess | undefined;
  #port = -1;

  /**
   * @param config lines of a configuration file; "%" is a folder of its own
   * @param files what is in that folder, by name
   */
  static async start(
    config: string = 'jetstream: { store_dir: "%/store" }',
    files: Readonly<Record<string, string>> = {},
  ): Promise<NatsServer> {
    const server = new NatsServer();
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(server.#folder, name), text);
    server.configure(config);
    try {
      await server.resume();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** What it is when it starts the next time. */
  configure(config: string): void {
    writeFileSync(this.#config, config.replaceAll("%", this.#folder));
  }

  get #config(): string {
    return path.join(this.#folder, "nats.conf");
  }

  get url(): string {
    return `nats://127.0.0.1:${String(this.#port)}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts it, with what it had, on the port that it had. */
  async resume(): Promise<void> {
    const options = ["-c", this.#config, "-a", "127.0.0.1", "-p", String(this.#port)];
    const child = spawn(program, options, { env: withSbin(), stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    const lines = createInterface(child.stderr);
    for await (const line of lines) {
      const port = /Listening for client connections on .*:(\d+)/u.exec(line)?.[1];
      if (port !== undefined) this.#port = Number(port);
      if (!line.includes("Server is ready")) continue;
      child.stderr.resume();
      return;
    }
    throw new Error("nats-server does not start");
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
    rmSync(this.#folder, { recursive: true });
  }
}

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../../demos/server.js", import.meta.url));

/** What is left of a server process that has ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** The demos' server as a process, as `npm start` runs it. */
export class LiveProcess {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves when the process has ended and all that it printed was read. */
  readonly ended: Promise<Ended>;
  #output = "";

  /** @param port What the environment variable `PORT` says. */
  constructor(port: string) {
    const env = { ...process.env, PORT: port, HOST: "" };
    this.#child = spawn(process.execPath, [SERVER], { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    this.ended = once(this.#child, "close").then(() => ({ exitCode: this.#child.exitCode, output: this.#output }));
  }

  /** The URL that the server prints when it listens. */
  async url(): Promise<string> {
    const listening = async (): Promise<string> => {
      for (;;) {
        const url = /http:\/\/localhost:\d+/.exec(this.#output)?.[0];
        if (url !== undefined) return url;
        await once(this.#child.stdout, "data");
      }
    };
    const failing = this.ended.then(({ output }) => {
      throw new Error(`the server ended: ${output}`);
    });
    return Promise.race([listening(), failing]);
  }

  /** Sends the process a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks the process to end, and waits for it. */
  async stop(): Promise<Ended> {
    this.#child.kill("SIGTERM");
    return this.ended;
  }
}

// The process of the chat's server: started, and started again when it has ended.
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { addTraffic, NO_TRAFFIC, type Traffic } from "../site/traffic.js";
import type { Order, Settings } from "./process.js";

const FOLDER_START = "openline-chat-";
const PROGRAM = fileURLToPath(new URL("./process.js", import.meta.url));

/** How the process is started, and when it is started again. */
export interface ChatProcessParts {
  /**
   * Is waited for before it is started again.
   *
   * @param failures how often in a row it has ended before it listened
   */
  readonly beforeRestart: (failures: number) => Promise<void>;
  /** Starts a program of Node's. Default: `fork`. */
  readonly fork?: ((program: string) => ChildProcess) | undefined;
}

/** Removes what a site has left that was killed just when it had no process to do so. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = new RegExp(`^${FOLDER_START}(\\d+)-`).exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) {
      await rm(path.join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // One of somebody else's runs, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** See the head of this file. */
export class ChatProcess {
  /** Where it listens on the loopback interface; undefined while it does not. */
  port: number | undefined;
  /** What it knows its site by. */
  readonly secret: string = randomBytes(16).toString("hex");
  readonly #folder: string;
  readonly #beforeRestart: ChatProcessParts["beforeRestart"];
  readonly #fork: (program: string) => ChildProcess;
  #child: ChildProcess | undefined;
  #run = 0;
  /** How often in a row it has ended before it listened. */
  #failures = 0;
  /** Whether its end is ours. */
  #wasKilled = false;
  #isClosing = false;
  #ended: Promise<void> = Promise.resolve();
  /** What the processes before this one had counted when they told it last. */
  #countedBefore: Traffic = NO_TRAFFIC;
  #counted: Traffic = NO_TRAFFIC;

  private constructor(folder: string, parts: ChatProcessParts) {
    this.#folder = folder;
    this.#beforeRestart = parts.beforeRestart;
    this.#fork = parts.fork ?? ((program) => fork(program, { execArgv: [] }));
  }

  /** Starts it. Where that fails it is tried again, and it is not there meanwhile. */
  static async start(parts: ChatProcessParts): Promise<ChatProcess> {
    await removeOrphans();
    const folder = await mkdtemp(path.join(tmpdir(), `${FOLDER_START}${process.pid}-`));
    const chat = new ChatProcess(folder, parts);
    await chat.#start();
    return chat;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What all of its processes have counted, as it was told last; the one that runs is asked to tell it anew. */
  traffic(): Traffic {
    if (this.port !== undefined) this.#tell("traffic");
    return addTraffic(this.#countedBefore, this.#counted);
  }

  #tell(order: Order): void {
    // Whoever has died meanwhile is told by its end.
    if (this.#child?.connected === true) this.#child.send(order, () => undefined);
  }

  async #start(): Promise<void> {
    let child: ChildProcess;
    try {
      child = this.#fork(PROGRAM);
    } catch (error) {
      this.#report(error);
      this.#exited();
      return;
    }
    this.#child = child;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.on("error", (error) => {
        this.#report(error);
        // It was never there, so that it will not end.
        if (child.pid === undefined) resolve();
      });
    });
    this.#ended = ended.then(() => this.#exited());
    const settings: Settings = { folder: this.#folder, secret: this.secret, run: ++this.#run };
    // Whoever has died meanwhile is told by its end.
    child.send(settings, () => undefined);
    await Promise.race([this.#listening(child), this.#ended]);
  }

  async #listening(child: ChildProcess): Promise<void> {
    const { port } = await new Promise<{ readonly port: number }>((resolve) => {
      child.once("message", (message) => resolve(message as { readonly port: number }));
    });
    this.port = port;
    this.#failures = 0;
    child.on("message", (traffic: Traffic) => {
      if (this.#child === child) this.#counted = traffic;
    });
  }

  /** For whoever looks after the site: its pages know only that nobody is there. */
  #report(error: unknown): void {
    console.error(`The chat's server was not started: ${error instanceof Error ? error.message : String(error)}`);
  }

  #exited(): void {
    if (this.port === undefined && !this.#wasKilled) this.#failures++;
    this.#wasKilled = false;
    this.port = undefined;
    this.#child = undefined;
    this.#countedBefore = addTraffic(this.#countedBefore, { ...this.#counted, connections: 0 });
    this.#counted = NO_TRAFFIC;
    if (this.#isClosing) return;
    void this.#beforeRestart(this.#failures).then(() => {
      if (!this.#isClosing) return this.#start();
      return undefined;
    });
  }

  /** Ends it with SIGKILL, so that it can do nothing about it. @returns the process that was killed, if there was one */
  kill(): number | undefined {
    const child = this.#child;
    if (this.port === undefined || child === undefined) return undefined;
    this.port = undefined;
    this.#wasKilled = true;
    child.kill("SIGKILL");
    return child.pid;
  }

  /** Lets it say goodbye, and removes what it has kept. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    this.port = undefined;
    const child = this.#child;
    this.#tell("close");
    const timer = setTimeout(() => child?.kill("SIGKILL"), deadlineMs);
    await this.#ended;
    clearTimeout(timer);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Processes of a run: started, told things by lines of JSON, killed, and ended whatever happens.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that has been started. */
export class Child {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #heard: Readonly<Record<string, unknown>>[] = [];
  readonly #waiting = new Set<() => void>();
  #errors = "";
  isOver = false;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on("error", () => this.#end());
    child.on("exit", () => this.#end());
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // The end of it says why.
      this.#errors = (this.#errors + text).slice(-4000);
    });
    child.stdin?.on("error", () => undefined);
  }

  /**
   * Runs a module of this folder, which speaks lines of JSON.
   *
   * @param command what it is started by
   */
  static script(name: string, script: string, options: unknown, command: readonly string[] = []): Child {
    const file = fileURLToPath(new URL(script, import.meta.url));
    const [program, ...args] = [...command, process.execPath, file, JSON.stringify(options)];
    const child = spawn(program, args, { env: environment(), stdio: "pipe" });
    const started = new Child(name, child);
    const lines = createInterface(child.stdout);
    lines.on("line", (line) => {
      started.#heard.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
      started.#wake();
    });
    return started;
  }

  /**
   * Runs a program, and resolves when it has printed what says that it is ready.
   *
   * @param command what it is started by
   * @throws Error when it ends before
   */
  static async program(
    name: string,
    args: readonly string[],
    ready: RegExp,
    command: readonly string[] = [],
  ): Promise<Child> {
    const [program = "", ...rest] = [...command, name, ...args];
    const child = spawn(program, rest, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    const started = new Child(name, child);
    let isReady = false;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        isReady ||= ready.test(line);
        if (isReady) started.#wake();
      });
    }
    await started.#until(() => isReady);
    return started;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The end of what it said of its errors. */
  get errors(): string {
    return this.#errors;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #end(): void {
    this.isOver = true;
    this.#wake();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.isOver) throw new Error(`${this.name} has ended: ${this.#errors.trim()}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** The next line that has this property. @throws Error when it ends before */
  async next(property: string): Promise<Readonly<Record<string, unknown>>> {
    let found = -1;
    await this.#until(() => (found = this.#heard.findIndex((line) => property in line)) >= 0);
    const [line = {}] = this.#heard.splice(found, 1);
    return line;
  }

  /** Tells it something. */
  tell(line: Readonly<Record<string, unknown>>): void {
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.isOver) this.#child.kill(signal);
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    if (!this.isOver) await once(this.#child, "exit");
  }

  /** Ends it as a machine that fails would, also when it has been stopped. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }
}

/** Debian has servers in a folder that is not on everybody's path. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
}

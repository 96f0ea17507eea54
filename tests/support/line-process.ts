/**
 * A process of Node that prints lines of JSON, and ends when its standard input does.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** Whoever ends what it was given: the context of a test is one. */
export interface Ender {
  after(end: () => unknown): void;
}

export class LineProcess {
  readonly #lines: AsyncIterator<string>;

  /** When it has ended. */
  readonly exited: Promise<unknown>;

  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.exited = once(child, "exit");
    this.#child = child;
  }

  /** Sends it a signal; one that stops it has to be followed by SIGCONT before the test is over. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /**
   * Starts a compiled script, and ends it when the test is over.
   */
  static start(t: Ender, script: URL, ...scriptArguments: readonly string[]): LineProcess {
    const child = spawn(process.execPath, [fileURLToPath(script), ...scriptArguments], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    return new LineProcess(child);
  }

  /** The next line that has a property of this name. */
  async next(property: string): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const result = await this.#lines.next();
      if (result.done === true) throw new Error(`the process ended before it printed "${property}"`);
      const line = JSON.parse(result.value) as Readonly<Record<string, unknown>>;
      if (property in line) return line;
    }
  }
}

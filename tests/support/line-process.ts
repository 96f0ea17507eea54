/**
 * A process of Node that prints lines of JSON, and ends when its standard input does.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export class LineProcess {
  readonly #lines: AsyncIterator<string>;

  /** When it has ended. */
  readonly exited: Promise<unknown>;

  readonly #input: Writable;

  private constructor(lines: AsyncIterator<string>, exited: Promise<unknown>, input: Writable) {
    this.#lines = lines;
    this.exited = exited;
    this.#input = input;
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#input.end();
  }

  /**
   * Starts a compiled script, and ends it when the test is over.
   */
  static start(t: TestContext, script: URL, ...scriptArguments: readonly string[]): LineProcess {
    const child = spawn(process.execPath, [fileURLToPath(script), ...scriptArguments], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new LineProcess(lines, once(child, "exit"), child.stdin);
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

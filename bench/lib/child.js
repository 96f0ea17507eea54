import { spawn } from "node:child_process";
import { readAnswers, writeQuestion } from "./questions.js";

// A child that takes longer than this with anything hangs.
const answerTimeoutMs = 60_000;
const exitTimeoutMs = 5_000;

/** A process of ours that answers questions. */
export class Child {
  /** Rejects when the process ends before `end` was called. Never resolves. */
  failed;
  #title;
  #process;
  /** @type {{ resolve: (answer: any) => void, reject: (error: Error) => void }[]} */
  #waiting = [];
  #isEnding = false;
  #errors = "";
  #exited;

  /**
   * @param {string} title for messages
   * @param {readonly string[]} command the program and its arguments
   * @param {Readonly<Record<string, string>>} [environment] variables beside ours
   */
  constructor(title, [program, ...args], environment) {
    this.#title = title;
    this.#process = spawn(program, args, { stdio: "pipe", env: { ...process.env, ...environment } });
    this.#process.stderr.setEncoding("utf8").on("data", (text) => (this.#errors += text));
    // A child that has just ended cannot be written to; its end is what is reported.
    this.#process.stdin.on("error", () => undefined);
    readAnswers(this.#process.stdout, (answer) => {
      const waiting = this.#waiting.shift();
      if (answer.error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(`${title}: ${answer.error}`));
    });
    this.#exited = new Promise((resolve) => this.#process.on("close", resolve));
    this.failed = new Promise((_, reject) => {
      const fail = (/** @type {string} */ how) => {
        const error = new Error(`${title} ${how}${this.#errors === "" ? "" : `:\n${this.#errors.trimEnd()}`}`);
        for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
        if (!this.#isEnding) reject(error);
      };
      this.#process.on("error", (error) => fail(`could not be started (${error.message})`));
      this.#process.on("close", (code, signal) => fail(`ended by itself with ${signal ?? code}`));
    });
    // Whoever is interested races against it; nobody may be at the moment.
    this.failed.catch(() => undefined);
  }

  /** @returns {number} its process id */
  get pid() {
    if (this.#process.pid === undefined) throw new Error(`${this.#title} could not be started`);
    return this.#process.pid;
  }

  /**
   * @param {string} question
   * @param {unknown} [details]
   * @returns {Promise<any>} the answer; rejected when there is none in time, or the process ends
   */
  ask(question, details) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.#title} did not answer "${question}" within ${answerTimeoutMs} ms`));
      }, answerTimeoutMs);
      const settle = (/** @type {(value: any) => void} */ how) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        how(value);
      };
      this.#waiting.push({ resolve: settle(resolve), reject: settle(reject) });
      writeQuestion(this.#process.stdin, question, details);
    });
  }

  /** Ends the process: by closing its input, which lets it write what it has to, and by force if it does not. */
  async end() {
    this.#isEnding = true;
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), exitTimeoutMs);
    await this.#exited;
    clearTimeout(timer);
  }
}

/**
 * Gives a measurement its processes, and ends them after it, the last one first.
 *
 * @template Result
 * @param {(processes: {
 *   start: (title: string, command: readonly string[], environment?: Readonly<Record<string, string>>) => Child,
 *   pause: (milliseconds: number) => Promise<void>,
 *   guard: <Value>(promise: Promise<Value>) => Promise<Value>,
 * }) => Promise<Result>} measurement what `guard` and `pause` return is rejected when a process ends meanwhile
 * @returns {Promise<Result>}
 */
export async function withChildren(measurement) {
  /** @type {Child[]} */
  const children = [];
  const guard = (promise) => Promise.race([promise, ...children.map(({ failed }) => failed)]);
  try {
    return await measurement({
      start(title, command, environment) {
        const child = new Child(title, command, environment);
        children.push(child);
        return child;
      },
      async pause(milliseconds) {
        /** @type {NodeJS.Timeout | undefined} */
        let timer;
        const passed = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
        try {
          await guard(passed);
        } finally {
          clearTimeout(timer);
        }
      },
      guard,
    });
  } finally {
    for (const child of children.reverse()) await child.end();
  }
}

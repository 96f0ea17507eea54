import { spawn } from "node:child_process";
import { readMessages, writeMessage } from "./questions.js";

// A child that takes longer than this with anything hangs.
const answerTimeoutMs = 20_000;
const exitTimeoutMs = 5_000;

/** A process of ours that answers questions. */
export class Child {
  /** Rejects when the process ends before `end` was called. Never resolves. */
  failed;
  #title;
  #process;
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #nextId = 1;
  #isEnding = false;
  #errors = "";
  #exited;

  /**
   * @param {string} title for messages
   * @param {readonly string[]} command the program and its arguments
   */
  constructor(title, [program, ...args]) {
    this.#title = title;
    this.#process = spawn(program, args, { stdio: "pipe" });
    this.#process.stderr.setEncoding("utf8").on("data", (text) => (this.#errors += text));
    // A child that has just ended cannot be written to; its end is what is reported.
    this.#process.stdin.on("error", () => undefined);
    readMessages(this.#process.stdout, ({ id, answer, error }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(`${title}: ${error}`));
    });
    this.#exited = new Promise((resolve) => this.#process.on("close", resolve));
    this.failed = new Promise((_, reject) => {
      const fail = (/** @type {string} */ how) => {
        const error = new Error(`${title} ${how}${this.#errors === "" ? "" : `:\n${this.#errors}`}`);
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
        if (!this.#isEnding) reject(error);
      };
      this.#process.on("error", (error) => fail(`could not be started (${error.message})`));
      this.#process.on("close", (code, signal) => fail(`ended by itself with ${signal ?? code}`));
    });
    // Whoever is interested races against it; nobody may be at the moment.
    this.failed.catch(() => undefined);
  }

  /**
   * @param {string} question
   * @param {unknown} [details]
   * @returns {Promise<any>} the answer; rejected when there is none in time, or the process ends
   */
  ask(question, details) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.#title} did not answer "${question}" within ${answerTimeoutMs} ms`));
      }, answerTimeoutMs);
      const settle = (/** @type {(value: any) => void} */ how) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        how(value);
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      writeMessage(this.#process.stdin, { id, question, details });
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

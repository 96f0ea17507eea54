/**
 * How the processes of a benchmark talk: lines of JSON over standard input and output, which every runtime has.
 */
import { createInterface } from "node:readline";

/** @typedef {{ id: number, question: string, details: any }} Question */
/** @typedef {{ id: number, answer?: any, error?: string }} Answer */

/**
 * Calls `onMessage` for every line of JSON.
 *
 * @param {import("node:stream").Readable} stream
 * @param {(message: any) => void} onMessage
 */
export function readMessages(stream, onMessage) {
  createInterface({ input: stream }).on("line", (line) => onMessage(JSON.parse(line)));
}

/**
 * @param {import("node:stream").Writable} stream
 * @param {Question | Answer} message
 */
export function writeMessage(stream, message) {
  stream.write(`${JSON.stringify(message)}\n`);
}

/**
 * In a child: answers what the parent asks, and ends with it.
 *
 * @param {Record<string, (details: any) => unknown>} answers by question; a promise is awaited
 */
export function answerQuestions(answers) {
  readMessages(process.stdin, async (/** @type {Question} */ { id, question, details }) => {
    try {
      writeMessage(process.stdout, { id, answer: await answers[question](details) });
    } catch (error) {
      writeMessage(process.stdout, {
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  });
  // The parent has closed our input, or is gone.
  process.stdin.on("close", () => process.exit());
}

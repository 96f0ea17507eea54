/**
 * How the processes of a benchmark talk: over standard input and output, which every runtime has. A question is a line,
 * a word with or without JSON behind it; an answer is a line of JSON. Answers come in the order of the questions.
 */
import { createInterface } from "node:readline";

/**
 * Calls `onAnswer` for every line of JSON. What a runtime has to say beside is no answer.
 *
 * @param {import("node:stream").Readable} stream
 * @param {(answer: any) => void} onAnswer
 */
export function readAnswers(stream, onAnswer) {
  createInterface({ input: stream }).on("line", (line) => {
    if (line.startsWith("{")) onAnswer(JSON.parse(line));
  });
}

/**
 * @param {import("node:stream").Writable} stream
 * @param {string} question
 * @param {unknown} [details]
 */
export function writeQuestion(stream, question, details) {
  stream.write(`${question}${details === undefined ? "" : ` ${JSON.stringify(details)}`}\n`);
}

/**
 * In a child: answers what the parent asks, one question at a time, and ends with it.
 *
 * @param {Record<string, (details: any) => unknown>} answers by question; an object or nothing, or a promise of it
 */
export function answerQuestions(answers) {
  let answered = Promise.resolve();

  const answer = async (/** @type {string} */ line) => {
    const [question] = line.split(" ", 1);
    const details = line.slice(question.length);
    try {
      const result = await answers[question](details === "" ? undefined : JSON.parse(details));
      process.stdout.write(`${JSON.stringify(result ?? {})}\n`);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stdout.write(`${JSON.stringify({ error: text })}\n`);
    }
  };

  createInterface({ input: process.stdin })
    .on("line", (line) => (answered = answered.then(() => answer(line))))
    // The parent has closed our input, or is gone.
    .on("close", () => process.exit());
}

/**
 * A node: a process that serves one of the systems as it is asked.
 */
import { answerQuestions } from "../lib/questions.js";
import { systemNamed } from "./systems.js";

answerQuestions({
  /** @param {{ system: string, url?: string, bytes: number }} details */
  serve: ({ system, url, bytes }) => systemNamed(system).serve({ url, bytes }),
});

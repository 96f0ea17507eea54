/**
 * The server process: started with the file of a peer, it serves what it is asked for and tells what that costs.
 */
import { answerQuestions } from "../lib/questions.js";

const { peer } = await import(process.argv[2]);

answerQuestions({
  /** @param {{ kind: string }} details */
  async serve({ kind }) {
    const { port } = await peer.serve[kind]();
    return { port };
  },
  usage() {
    const { user, system } = process.cpuUsage();
    return { userMicroseconds: user, systemMicroseconds: system, residentBytes: process.memoryUsage().rss };
  },
});

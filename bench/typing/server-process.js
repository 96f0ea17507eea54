/**
 * A server of documents in a process of its own, which tells what it costs.
 */
import { answerQuestions } from "../lib/questions.js";
import { servers } from "./servers.js";

/** @type {import("./servers.js").DocumentServer} */
let server;
let usage = process.cpuUsage();
let bytesBefore = 0;

answerQuestions({
  /** @param {{ peer: string }} details */
  async serve({ peer }) {
    server = await servers[peer]();
    return { port: server.port };
  },
  begin() {
    usage = process.cpuUsage();
    bytesBefore = server.bytesSent();
  },
  report() {
    const { user, system } = process.cpuUsage(usage);
    return {
      processorSeconds: (user + system) / 1e6,
      bytes: server.bytesSent() - bytesBefore,
      residentBytes: process.memoryUsage.rss(),
    };
  },
});

/**
 * A server and the stream in one process, which tells what it costs.
 */
import { answerQuestions } from "../lib/questions.js";
import { play } from "./picture.js";
import { servers } from "./servers.js";

const sampleIntervalMs = 500;

/** @type {number[]} */
let residentBytes = [];
let usage = process.cpuUsage();
/** @type {import("./servers.js").StreamServer["send"]} */
let send = () => undefined;

answerQuestions({
  /** @param {{ peer: string }} details */
  async serve({ peer }) {
    const server = await servers[peer]();
    send = server.send;
    return { port: server.port };
  },
  play() {
    play(send);
    setInterval(() => residentBytes.push(process.memoryUsage.rss()), sampleIntervalMs);
  },
  begin() {
    residentBytes = [];
    usage = process.cpuUsage();
  },
  report() {
    const { user, system } = process.cpuUsage(usage);
    return { processorSeconds: (user + system) / 1e6, residentBytes, sampleIntervalMs };
  },
});

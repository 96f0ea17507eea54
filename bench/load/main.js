/**
 * The load generator's process: started with the name of a file beside this one, which exports `createLoad`.
 *
 * @typedef {object} Load
 * @property {(port: number) => Promise<void>} start connects, and starts what is to be measured
 * @property {() => { messages: number, bytes: number }} count what has been done since, payload only
 * @property {() => Promise<void>} finish stops, waits for what is under way, and rejects when something was wrong
 */
import { performance } from "node:perf_hooks";
import { answerQuestions } from "../lib/questions.js";

const { createLoad } = await import(`./${process.argv[2]}.js`);

// What is wrong with the server's octets comes up in callbacks of sockets; the parent reports what is printed here.
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});

/** @type {Load} */
let load;

answerQuestions({
  async start({ port, settings }) {
    load = createLoad(settings);
    await load.start(port);
  },
  count() {
    const { user, system } = process.cpuUsage();
    return { ...load.count(), atMs: performance.now(), cpuMicroseconds: user + system };
  },
  finish: () => load.finish(),
});

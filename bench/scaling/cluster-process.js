/**
 * Several nodes that are one program: the first process is asked to serve, and starts the others with `cluster()`.
 */
import nodeCluster from "node:cluster";
import { cluster } from "openline/cluster";
import { answerQuestions } from "../lib/questions.js";
import { systemNamed } from "./systems.js";

const variable = "OPENLINE_SCALING";

/** @param {{ system: string, bytes: number, nodes: number }} details */
function run({ system, bytes, nodes }) {
  return cluster({
    workers: nodes,
    async start({ engine }) {
      const { port, feedPort, speaks } = await systemNamed(system).serve({ bytes, engine });
      process.send({ port, feedPort, speaks });
      // The measurement ends it.
      return async () => undefined;
    },
  });
}

if (nodeCluster.isWorker) await run(JSON.parse(process.env[variable]));
else
  answerQuestions({
    async serve(details) {
      process.env[variable] = JSON.stringify(details);
      const served = [];
      // What `cluster()` says itself has no port.
      nodeCluster.on("message", (worker, message) => {
        if (message.port !== undefined) served.push({ ...message, pid: worker.process.pid });
      });
      const running = await run(details);
      if (served.length !== details.nodes) throw new Error(`${served.length} of ${details.nodes} workers serve`);
      void running;
      const [{ port, speaks }] = served;
      return { port, speaks, feedPorts: served.map(({ feedPort }) => feedPort), pids: served.map(({ pid }) => pid) };
    },
  });

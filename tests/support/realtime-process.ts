/**
 * A real-time server in a process of its own, with its journal in the file of the first argument, on the host and the
 * port of the second and third, whose logs keep as many messages as the fourth says. It prints where it listens, and is
 * there to be killed.
 */
import { serve } from "#src/index.js";
import { createRealtime, fileJournal, log, memory } from "#src/realtime/index.js";

const [, , file = "", host = "127.0.0.1", port = "0", count = "100"] = process.argv;
const engine = memory({ journal: fileJournal(file) });
const realtime = createRealtime({ engine, channel: log({ retain: { count: Number(count) } }) });
const server = await serve({ port: Number(port), host, ...realtime.handlers });
process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);
process.stdin
  .on("end", () => {
    void server.close().then(() => realtime.close());
  })
  .resume();

/**
 * A real-time server in a process of its own, with its journal in the file of the first argument. It prints where it
 * listens, and is there to be killed.
 */
import { serve } from "#src/index.js";
import { createRealtime, fileJournal, memory } from "#src/realtime/index.js";

const realtime = createRealtime({ engine: memory({ journal: fileJournal(process.argv[2] ?? "") }) });
const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
process.stdin
  .on("end", () => {
    void server.close().then(() => realtime.close());
  })
  .resume();

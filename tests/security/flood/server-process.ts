/**
 * The server that is flooded: an echo at default settings, but for what the first argument sets.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ServeOptions } from "#src/index.js";
import { serve } from "#src/index.js";
import type { ServerState, Tally } from "./messages.js";
import { answerQuestions, count } from "./messages.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

let peakResidentBytes = 0;
let reports: Record<string, Tally> = {};
const errors: string[] = [];

const server = await serve<string>({
  ...(JSON.parse(process.argv[2] ?? "{}") as ServeOptions<string>),
  port: 0,
  host: "127.0.0.1",
  accept: (request) => ({ data: decodeURIComponent(new URL(request.url).pathname.slice(1)) }),
  message: (socket, message) => void socket.send(message),
  close: ({ data }, { code, cause }) => {
    const rule = (cause as { readonly code?: string } | undefined)?.code;
    count((reports[data] ??= {}), rule === undefined ? String(code) : `${code} ${rule}`);
  },
  error: (error) => void errors.push(String(error)),
});

const sampling = setInterval(() => {
  peakResidentBytes = Math.max(peakResidentBytes, process.memoryUsage.rss());
}, 50);
sampling.unref();

function state(): ServerState {
  // Memory outside of the heap goes back in another thread, for which the next collection waits.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const answer: ServerState = {
    heldBytes: heapUsed + external,
    residentBytes: rss,
    peakResidentBytes: Math.max(peakResidentBytes, rss),
    socketCount: server.sockets.size,
    reports,
    errors,
  };
  reports = {};
  peakResidentBytes = 0;
  return answer;
}

answerQuestions({
  state,
  close: async () => {
    await server.close();
    return state();
  },
});
process.send?.(server.port);

/**
 * A server that is attacked, in a process of its own, so that what it holds can be measured and that it dies can be seen.
 * It has no `error` and no `close` handler but what notes the reports: whatever a peer does must be survived without.
 *
 * Its options come as JSON in the first argument. Who connects to the path `/control` is answered with what `measure`
 * finds; to the others it is an echo, or, where `holds` is set, a handler that never ends. It ends when its standard
 * input does.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CloseReport, ServeOptions } from "#src/index.js";
import { serve } from "#src/index.js";

/** What can be set about a victim, beside what JSON can say of a server's own options. */
export interface VictimOptions extends Omit<ServeOptions<boolean>, "accept" | "message" | "close"> {
  /** Whether the message handler never ends. */
  readonly holds?: boolean;
}

/** What a victim tells of itself. */
export interface Measures {
  /** Octets that are still held after a collection: objects, and memory outside of the heap. */
  readonly heldBytes: number;
  /** The largest resident set that it ever had. */
  readonly peakBytes: number;
  readonly socketCount: number;
  /** Why connections have ended since the last time: code and the error's code. */
  readonly ended: readonly string[];
}

const { holds = false, ...options } = JSON.parse(process.argv[2] ?? "{}") as VictimOptions;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
let ended: string[] = [];

function measure(): Measures {
  // Memory outside of the heap goes back in another thread, for which the next collection waits.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const measures = {
    heldBytes: heapUsed + external,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    socketCount: server.sockets.size,
    ended,
  };
  ended = [];
  return measures;
}

function describe({ code, cause }: CloseReport): string {
  const causeCode = (cause as { readonly code?: string } | undefined)?.code;
  return causeCode === undefined ? String(code) : `${code} ${causeCode}`;
}

const server = await serve<boolean>({
  port: 0,
  host: "127.0.0.1",
  ...options,
  accept: (request) => ({ data: new URL(request.url).pathname === "/control" }),
  message: (socket, message) => {
    if (socket.data) return void socket.send(JSON.stringify(measure()));
    if (holds) return new Promise(() => undefined);
    return void socket.send(message);
  },
  close: (socket, report) => {
    if (!socket.data) ended.push(describe(report));
  },
});

// Those who attack it answer no Close frame.
process.stdin.on("end", () => process.exit()).resume();
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);

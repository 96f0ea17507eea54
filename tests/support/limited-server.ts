/**
 * A server in a process of its own, so that its memory can be measured. Its options come as JSON in the first argument.
 * It prints a line of JSON for what happens: `{"url"}` when it listens, `{"opened"}`, `{"messageBytes"}`, and
 * `{"closed", "code", "grownBytes", "peakGrownBytes", "peakBytes"}` with how much its resident set has grown at the most since the last
 * connection was opened, beyond what it was then, and beyond the most that it had ever been. It ends when its standard input does.
 */

import type { SocketOptions } from "#src/index.js";
import { serve } from "#src/index.js";

const options = JSON.parse(process.argv[2] ?? "{}") as SocketOptions;

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let baselineBytes = process.memoryUsage.rss();
let baselinePeakBytes = 0;

/** The largest resident set that this process has ever had. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

const server = await serve({
  port: 0,
  host: "127.0.0.1",
  ...options,
  open: () => {
    baselineBytes = process.memoryUsage.rss();
    baselinePeakBytes = peakBytes();
    print({ opened: server.sockets.size });
  },
  message: (_socket, message) => print({ messageBytes: message.length }),
  close: (_socket, report) => {
    const grownBytes = peakBytes() - baselineBytes;
    const peakGrownBytes = peakBytes() - baselinePeakBytes;
    print({ closed: report.outcome, code: report.code, grownBytes, peakGrownBytes, peakBytes: peakBytes() });
  },
});

process.stdin.on("end", () => void server.close()).resume();
print({ url: server.url });

/**
 * A server in a process of its own that sends each message back while it comes, and prints for each how far the process has
 * grown beyond what it had when it was idle, after a first connection that had come and gone.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { IncomingMessage, Socket } from "#src/index.js";
import { serve } from "#src/index.js";

const server = await serve({ port: 0, host: "127.0.0.1" });

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

print({ port: server.port });
process.stdin.on("end", () => void server.close()).resume();

// Between two pieces, too: a peer that reads nothing has none come.
const sampleEveryMs = 5;

let idleBytes = 0;

async function echo(socket: Socket, message: IncomingMessage): Promise<void> {
  let [highestBytes, mostHeldBytes, mostBufferedBytes] = [0, 0, 0];
  const sample = (): void => {
    highestBytes = Math.max(highestBytes, process.memoryUsage.rss());
    mostHeldBytes = Math.max(mostHeldBytes, socket.memoryBytes);
    mostBufferedBytes = Math.max(mostBufferedBytes, socket.bufferedBytes);
  };
  const timer = setInterval(sample, sampleEveryMs);
  await socket.sendStream(message, { type: message.type });
  clearInterval(timer);
  sample();
  print({ grownBytes: highestBytes - idleBytes, mostHeldBytes, mostBufferedBytes });
}

for await (const socket of server) {
  for await (const message of socket.incoming()) await echo(socket, message);
  await socket.closed;
  if (idleBytes > 0) continue;
  await nextTurn();
  idleBytes = process.memoryUsage.rss();
  print({ idleBytes });
}

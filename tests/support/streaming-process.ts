/**
 * A server in a process of its own that reads each message while it comes, in no hurry, and prints for each how many octets
 * it had, their digest, and how far its resident set has grown meanwhile.
 */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { serve } from "#src/index.js";

const server = await serve({ port: 0, host: "127.0.0.1" });

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

print({ port: server.port });
process.stdin.on("end", () => void server.close()).resume();

for await (const socket of server) {
  let startBytes = process.memoryUsage.rss();
  for await (const message of socket.incoming()) {
    const digest = createHash("sha1");
    let octets = 0;
    let highestBytes = startBytes;
    let mostHeldBytes = 0;
    let pieces = 0;
    for await (const piece of message) {
      digest.update(piece);
      octets += piece.byteLength;
      await nextTurn();
      if (pieces++ % 16 === 0) highestBytes = Math.max(highestBytes, process.memoryUsage.rss());
      mostHeldBytes = Math.max(mostHeldBytes, socket.memoryBytes);
    }
    print({ octets, digest: digest.digest("hex"), grownBytes: highestBytes - startBytes, mostHeldBytes });
    startBytes = highestBytes;
  }
}

/**
 * A server in a process of its own that streams as many MiB as its first argument says to whoever connects, out of a
 * generator that uses one buffer again and again, and prints how much memory that took.
 */
import { serve } from "#src/index.js";

const totalMebibytes = Number(process.argv[2]);
const chunk = new Uint8Array(256 * 1024);

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let peakBytes = 0;

function* chunks(): Generator<Uint8Array> {
  for (let count = 0; count < totalMebibytes * 4; count++) {
    chunk.fill(count);
    if (count % 64 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    yield chunk;
  }
}

const server = await serve({
  port: 0,
  host: "127.0.0.1",
  async open(socket) {
    const beforeBytes = process.memoryUsage.rss();
    peakBytes = beforeBytes;
    await socket.sendStream(chunks());
    print({ grownBytes: peakBytes - beforeBytes, bufferedBytes: socket.bufferedBytes });
  },
});
process.stdin.on("end", () => void server.close()).resume();
print({ port: Number(new URL(server.url).port) });

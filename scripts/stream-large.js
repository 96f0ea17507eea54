/**
 * Sends messages of any length over a real port to a process that reads them while they come, in one frame and in 65,536
 * fragments, and tells how far that process has grown: `npm run build && node scripts/stream-large.js [MiB]`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openRaw, sendLarge } from "../build/tests/support/large-message.js";

const mib = 1024 * 1024;
const [length = 4096] = process.argv.slice(2).map(Number);
const script = fileURLToPath(new URL("../build/tests/support/streaming-process.js", import.meta.url));
const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

const { port } = JSON.parse((await lines.next()).value);
const socket = await openRaw(port);
for (const fragments of [1, 65_536]) {
  const startMs = performance.now();
  const sent = await sendLarge(socket, length * mib, fragments);
  const { octets, digest, grownBytes, mostHeldBytes } = JSON.parse((await lines.next()).value);
  const seconds = (performance.now() - startMs) / 1000;
  if (octets !== length * mib || digest !== sent) throw new Error("what arrived is not what was sent");
  const rate = Math.round(length / seconds);
  const grown = Math.round(grownBytes / mib);
  console.log(
    `${length} MiB in ${fragments} frames: ${rate} MiB/s, grown by ${grown} MiB, held ${mostHeldBytes} octets`,
  );
}
const exited = once(child, "exit");
socket.destroy();
child.stdin.end();
await exited;

/**
 * Sends messages of any length over a real port to a process that reads them while they come, and through one that sends
 * them back while they come, and tells how far those processes have grown:
 * `npm run build && node scripts/stream-large.js [MiB]`. Default 4,096; compressed, an eighth of it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { echoLarge } from "../build/tests/support/large-echo.js";
import { openRaw, sendLarge } from "../build/tests/support/large-message.js";

const mib = 1024 * 1024;
const [length = 4096] = process.argv.slice(2).map(Number);

/** Runs a process that prints lines of JSON, and ends when its standard input does. */
async function withProcess(name, use) {
  const script = fileURLToPath(new URL(`../build/tests/support/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (property) => {
    for (;;) {
      const { done, value } = await lines.next();
      if (done === true) throw new Error(`the process ended before it printed "${property}"`);
      const line = JSON.parse(value);
      if (property in line) return line;
    }
  };
  await use((await next("port")).port, next);
  child.stdin.end();
  await exited;
}

function row(way, slow, lengthMib, startMs, { grownBytes, mostHeldBytes, mostBufferedBytes }) {
  const cells = [
    String(way).padEnd(24),
    slow.padEnd(11),
    `${lengthMib} MiB`.padStart(9),
    `${Math.round(lengthMib / ((performance.now() - startMs) / 1000))} MiB/s`.padStart(10),
    `${(grownBytes / mib).toFixed(1)} MiB`.padStart(9),
    `${Math.round(mostHeldBytes / 1024)} KiB`.padStart(8),
    mostBufferedBytes === undefined ? "" : `${Math.round(mostBufferedBytes / 1024)} KiB`.padStart(8),
  ];
  console.log(cells.join("  "));
}

console.log("sent by                   slow            length        rate   grown by      held   waiting");
await withProcess("streaming-process", async (port, next) => {
  const socket = await openRaw(port);
  for (const fragments of [1, 65_536]) {
    const startMs = performance.now();
    const sent = await sendLarge(socket, length * mib, fragments);
    const told = await next("octets");
    if (told.octets !== length * mib || told.digest !== sent) throw new Error("what arrived is not what was sent");
    row(`${fragments} frames, read only`, "the server", length, startMs, told);
  }
  socket.destroy();
});

for (const way of [1, 65_536, "sendStream", "sendStream, compressed"]) {
  for (const slow of ["nobody", "the reader", "the writer"]) {
    const lengthMib = way === "sendStream, compressed" ? Math.ceil(length / 8) : length;
    await withProcess("echoing-process", async (port, next) => {
      await echoLarge({ port, length: mib, way: 1, slow: "nobody" });
      await next("idleBytes");
      const startMs = performance.now();
      await echoLarge({ port, length: lengthMib * mib, way, slow });
      row(typeof way === "number" ? `${way} frames` : way, slow, lengthMib, startMs, await next("grownBytes"));
    });
  }
}

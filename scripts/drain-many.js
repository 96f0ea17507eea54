/**
 * Drains a server with many clients, in a process of its own, and tells what became of them:
 * `npm run build && node scripts/drain-many.js [clients] [spreadMs]`. Needs as many open files in each of the two.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect } from "openline";

const [clients = 10_000, spreadMs = 5000] = process.argv.slice(2).map(Number);
const script = fileURLToPath(new URL("../build/tests/support/draining-process.js", import.meta.url));
const options = JSON.stringify({ draining: { deadlineMs: 60_000, spreadMs } });
const child = spawn(process.execPath, [script, options], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

const { url } = JSON.parse((await lines.next()).value);
const sockets = [];
while (sockets.length < clients) {
  const batch = Array.from({ length: Math.min(100, clients - sockets.length) }, () => connect(url));
  sockets.push(...(await Promise.all(batch)));
}
await Promise.all(sockets.map((socket) => socket.ping()));
console.log(`${sockets.length} clients are connected`);

const startMs = performance.now();
const exited = once(child, "exit");
child.stdin.end();
/** How many ended in the same way. */
const endings = new Map();
const closedAtMs = await Promise.all(
  sockets.map(async (socket) => {
    const messages = [];
    for await (const message of socket) messages.push(message);
    const { outcome, code, wasClean } = await socket.closed;
    const ending = JSON.stringify({ messages, outcome, code, wasClean });
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    return performance.now() - startMs;
  }),
);
closedAtMs.sort((first, second) => first - second);
for (const [ending, count] of endings) console.log(`${count} × ${ending}`);
const quantiles = [0, 0.25, 0.5, 0.75, 1].map((part) => closedAtMs[Math.floor(part * (clients - 1))]?.toFixed(0));
console.log(`closed after ms (first, quarters, last): ${quantiles.join(", ")}`);
console.log(`report: ${(await lines.next()).value}`);
const [code] = await exited;
console.log(`the server's process ended by itself with ${code}, ${(performance.now() - startMs).toFixed(0)} ms after`);

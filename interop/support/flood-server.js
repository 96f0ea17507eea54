/**
 * Run by `fork` with the library's name: echoes every message, sends its URL, and when told "report", how far its
 * memory has grown.
 */
import { once } from "node:events";
import { serve } from "openline";
import { WebSocketServer } from "ws";
import { watchMemory } from "./flood.js";

/** openline needs nothing but the handler: it stops reading by itself. */
async function serveOpenline(sample) {
  const { url } = await serve({
    port: 0,
    host: "127.0.0.1",
    message(socket, message) {
      socket.send(message);
      sample();
    },
  });
  return url;
}

/** What an application of ws has to do itself. */
async function serveWs(sample) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    const roomBytes = 1024 * 1024;
    socket.on("message", (data, isBinary) => {
      socket.send(data, { binary: isBinary }, () => {
        if (socket.isPaused && socket.bufferedAmount < roomBytes) socket.resume();
      });
      if (socket.bufferedAmount >= roomBytes) socket.pause();
      sample();
    });
  });
  await once(server, "listening");
  return `ws://127.0.0.1:${server.address().port}`;
}

let memory;
const sample = () => memory?.sample();
const url = await (process.argv[2] === "openline" ? serveOpenline : serveWs)(sample);
// Only now: what starting takes for a moment is of no interest, and openline frees 31 MiB that nobody has written to.
for (let turn = 0; turn < 10; turn++) {
  globalThis.gc();
  await new Promise((resolve) => setImmediate(resolve));
}
memory = watchMemory();
process.on("message", () => process.send?.({ grownBytes: memory.grownBytes() }));
process.on("disconnect", () => process.exit());
process.send?.({ url });

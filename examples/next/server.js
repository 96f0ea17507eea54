/**
 * Next.js on a server of ours: pages and routes are Next's, /live is openline's, and whatever else is upgraded is left to
 * Next, which has the socket of its development server at a path of its own.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import next from "next";
import { cookie, serve } from "openline";
import { cookieName, nameIn } from "./session.js";

process.env.SESSION_SECRET ??= randomBytes(32).toString("hex");

const app = next({ dev: process.env.NODE_ENV !== "production", dir: import.meta.dirname });
await app.prepare();
const http = createServer(app.getRequestHandler());

const live = await serve({
  server: http,
  path: "/live", // there must be no page at it: Next ends upgrades for pages
  async accept(request) {
    const name = await nameIn(cookie(request, cookieName));
    return name === undefined ? new Response("log in first\n", { status: 401 }) : { data: { name } };
  },
  open(socket) {
    socket.subscribe("lobby");
    socket.send(`hello, ${socket.data.name}`);
  },
  message(socket, text) {
    live.publish("lobby", `${socket.data.name}: ${text}`);
  },
});

// The bundles that Next makes of routes share nothing else with this module.
globalThis.live = live;

http.listen(Number(process.env.PORT ?? 3000), () => console.log(`http://localhost:${http.address().port}`));

async function stop() {
  http.close();
  await live.drain();
  await app.close();
  process.exit(); // the development server goes on watching files
}
process.once("SIGTERM", stop).once("SIGINT", stop);

/**
 * Real-time servers with rooms, as their documentation has them. Each is told to publish by a feed (`rooms.js`), and takes
 * what a client publishes, which is checked by the same schema.
 *
 * @typedef {{ port: number, feedPort: number, speaks: "openline" | "openline-signal" | "socket.io" }} RealtimeServer
 */

import { once } from "node:events";
import { createServer } from "node:http";
import { messageSchema, startFeed } from "./rooms.js";

const host = "127.0.0.1";

// As many as a load makes: what users are limited to is no part of what is measured.
const limits = { requestsPerSecond: 1e9, requestBurst: 1e9, maxRequests: 1e6 };

/**
 * openline: rooms are logs that keep 500 messages, or signals.
 *
 * @param {"log" | "signal"} kind
 * @param {number} bytes of a message
 * @param {import("openline/realtime").Engine} [engine] that it shares with other nodes. Default: one in the process
 * @returns {Promise<RealtimeServer>}
 */
export async function serveOpenline(kind, bytes, engine) {
  const { serve } = await import("openline");
  const { contract, createRealtime, log, signal } = await import("openline/realtime");
  const message = messageSchema(await import("zod"));
  const room = () => (kind === "log" ? log({ message, retain: { count: 500 } }) : signal({ message }));
  const api = contract({ channels: { "room/{id}": room(), "more/{id}": room() } });
  const realtime = createRealtime(api, { limits, ...(engine && { engine }) });
  const server = await serve({ port: 0, host, ...realtime.handlers });
  const { port: feedPort } = await startFeed(bytes, (name, value) => void realtime.publish(name, value));
  return { port: server.port, feedPort, speaks: kind === "log" ? "openline" : "openline-signal" };
}

/** What an application does with Socket.IO. */
function useRooms(io, message) {
  io.on("connection", (socket) => {
    socket.on("join", (room, joined) => {
      socket.join(room);
      joined();
    });
    socket.on("publish", (room, value, published) => {
      io.to(room).emit("message", message.parse(value));
      published();
    });
  });
}

/**
 * Socket.IO over `node:http`.
 *
 * @param {number} bytes of a message
 * @param {{ options?: object, keepsRequests?: boolean }} [how] options of its server; whether each connection keeps its
 *   request, as it does by itself
 * @returns {Promise<RealtimeServer>}
 */
export async function serveSocketIo(bytes, { options = {}, keepsRequests = true } = {}) {
  const { Server } = await import("socket.io");
  const message = messageSchema(await import("zod"));
  const http = createServer();
  const io = new Server(http, options);
  if (!keepsRequests) io.engine.on("connection", (socket) => (socket.request = null));
  useRooms(io, message);
  http.listen(0, host);
  await once(http, "listening");
  // A server checks what it publishes itself, too, where openline does.
  const publish = (name, value) => io.to(name).emit("message", message.parse(value));
  const { port: feedPort } = await startFeed(bytes, publish);
  return { port: http.address().port, feedPort, speaks: "socket.io" };
}

/**
 * Socket.IO over uWebSockets.js, as its documentation offers it.
 *
 * @param {any} uws the package
 * @param {number} bytes of a message
 * @returns {Promise<RealtimeServer>}
 */
export async function serveSocketIoOverUws(uws, bytes) {
  const { Server } = await import("socket.io");
  const message = messageSchema(await import("zod"));
  const app = uws.App();
  const io = new Server({ transports: ["websocket"] });
  io.attachApp(app);
  useRooms(io, message);
  const { port: feedPort } = await startFeed(bytes, (name, value) => io.to(name).emit("message", message.parse(value)));
  return new Promise((resolve, reject) => {
    app.listen(host, 0, (listening) => {
      if (listening) resolve({ port: uws.us_socket_local_port(listening), feedPort, speaks: "socket.io" });
      else reject(new Error("no port to listen on"));
    });
  });
}

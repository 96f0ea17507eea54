/**
 * Servers that send one stream to all who connect, as their documentation says.
 */
import { once } from "node:events";
import { createServer } from "node:http";

const host = "127.0.0.1";

/** @typedef {{ port: number, send: (data: Buffer, isKey: boolean) => void }} StreamServer */

/** openline: a channel of media. Who is slow skips to a key frame. */
async function openline() {
  const { serve } = await import("openline");
  const { contract, createRealtime, media } = await import("openline/realtime");
  const { msgpackCodec } = await import("openline/realtime/msgpack");
  const api = contract({ channels: { "video/{id}": media({ groupBytesMax: 1_000_000 }) } });
  const realtime = createRealtime(api, { codecs: [msgpackCodec] });
  const server = await serve({ port: 0, host, ...realtime.handlers });
  return { port: server.port, send: (data, isKey) => void realtime.send("video/live", data, isKey, Date.now()) };
}

/** ws: a loop over its clients. What is slow is buffered. */
async function ws() {
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({ port: 0, host });
  await once(server, "listening");
  const send = (/** @type {Buffer} */ data) => {
    for (const client of server.clients) client.send(data);
  };
  return { port: server.address().port, send };
}

/** Socket.IO: `emit` to all. */
async function socketIo() {
  const { Server } = await import("socket.io");
  const http = createServer();
  const io = new Server(http, { transports: ["websocket"], serveClient: false });
  http.listen(0, host);
  await once(http, "listening");
  return { port: http.address().port, send: (data) => io.emit("frame", data) };
}

/** @type {Readonly<Record<string, () => Promise<StreamServer>>>} */
export const servers = { openline, ws, "socket.io": socketIo };

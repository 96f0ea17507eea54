/**
 * Servers of documents, in memory, as their documentation has them. None compresses, and none keeps anything.
 *
 * @typedef {object} DocumentServer
 * @property {number} port
 * @property {() => number} bytesSent octets that have been given to the operating system for WebSockets
 */
import { once } from "node:events";
import { createServer } from "node:http";

const host = "127.0.0.1";

/** @returns {Promise<DocumentServer>} */
async function openline() {
  const { subscribe } = await import("node:diagnostics_channel");
  const { serve } = await import("openline");
  const { contract, createRealtime } = await import("openline/realtime");
  const { msgpackCodec } = await import("openline/realtime/msgpack");
  const { createDocuments, documentCalls, documentChannels } = await import("openline/yjs/server");
  const api = contract({ channels: { ...documentChannels }, calls: { ...documentCalls } });
  const documents = createDocuments();
  const options = documents.options(api, { codecs: [msgpackCodec], authenticate: ({ token }) => ({ user: token }) });
  const realtime = createRealtime(api, options);
  const server = await serve({ port: 0, host, perMessageDeflate: false, ...realtime.handlers });
  let bytes = 0;
  subscribe("openline:server:bytes-sent", ({ byteLength }) => {
    bytes += byteLength;
  });
  return { port: server.port, bytesSent: () => bytes };
}

/**
 * y-websocket's: what `server.js` of its package does, with the present `ws` and its native companion, where the package asks
 * for an old one.
 *
 * @returns {Promise<DocumentServer>}
 */
async function yWebsocket() {
  const { WebSocketServer } = await import("ws");
  const { setupWSConnection } = await import("@y/websocket-server/utils");
  const http = createServer();
  const sockets = [];
  const webSockets = new WebSocketServer({ noServer: true });
  webSockets.on("connection", setupWSConnection);
  http.on("upgrade", (request, socket, head) => {
    sockets.push(socket);
    webSockets.handleUpgrade(request, socket, head, (webSocket) => webSockets.emit("connection", webSocket, request));
  });
  http.listen(0, host);
  await once(http, "listening");
  return { port: http.address().port, bytesSent: () => sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0) };
}

/** @type {Readonly<Record<string, () => Promise<DocumentServer>>>} */
export const servers = { openline, "y-websocket": yWebsocket };

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { Inbox } from "./inbox.js";

/** @typedef {import("./end.js").End} End */

/**
 * @param {WebSocket} socket
 * @returns {End}
 */
function endOf(socket) {
  /** @type {Inbox<string | Uint8Array>} */
  const inbox = new Inbox();
  socket.on("message", (data, isBinary) => inbox.push(isBinary ? data : data.toString("utf8")));
  // An "error" event without a listener would end the process; the close that follows tells the tests enough.
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => {
    socket.on("close", (code, reason) => {
      inbox.end(new Error(`the connection ended: ${code} ${reason}`));
      resolve({ code, reason: reason.toString("utf8") });
    });
  });
  return {
    library: "ws",
    get protocol() {
      return socket.protocol;
    },
    send: (data) => socket.send(data),
    next: () => inbox.next(),
    close: (code, reason) => socket.close(code, reason),
    closed,
    native: socket,
  };
}

/**
 * A ws server whose connections are taken one by one.
 *
 * @param {object} [options] of `WebSocketServer`
 */
export async function startWsServer(options = {}) {
  /** @type {Inbox<End>} */
  const ends = new Inbox();
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
  server.on("connection", (socket) => ends.push(endOf(socket)));
  await once(server, "listening");
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    nextEnd: () => ends.next(),
    stop: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * @param {string} url
 * @param {{ protocols?: string[], [option: string]: unknown }} [options] those of ws besides
 * @returns {Promise<End>}
 */
export async function wsClient(url, { protocols = [], ...options } = {}) {
  const socket = new WebSocket(url, protocols, options);
  const end = endOf(socket);
  await once(socket, "open");
  return end;
}

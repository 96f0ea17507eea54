/**
 * Clients with the interface of browsers: undici's, which is the one that Node has built in from version 22 on, and the
 * built-in one where there is one.
 */
import { once } from "node:events";
import { WebSocket as UndiciWebSocket } from "undici";
import { Inbox } from "./inbox.js";

/** @typedef {import("./end.js").End} End */

/** The classes, by the name of their library. */
export const whatwgWebSockets = {
  undici: UndiciWebSocket,
  ...(globalThis.WebSocket === undefined ? {} : { node: globalThis.WebSocket }),
};

/**
 * @param {keyof typeof whatwgWebSockets} library
 * @param {string} url
 * @param {{ protocols?: string[] }} [options]
 * @returns {Promise<End>}
 */
export async function whatwgClient(library, url, { protocols = [] } = {}) {
  const socket = new whatwgWebSockets[library](url, protocols);
  socket.binaryType = "arraybuffer";
  /** @type {Inbox<string | Uint8Array>} */
  const inbox = new Inbox();
  socket.addEventListener("message", ({ data }) => inbox.push(typeof data === "string" ? data : new Uint8Array(data)));
  const closed = new Promise((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => {
      inbox.end(new Error(`the connection ended: ${code} ${reason}`));
      resolve({ code, reason });
    });
  });
  await once(socket, "open");
  return {
    library,
    protocol: socket.protocol,
    send: (data) => socket.send(data),
    next: () => inbox.next(),
    close: (code, reason) => socket.close(code, reason),
    closed,
    native: socket,
  };
}

import { connect, serve } from "openline";
import { Inbox } from "./inbox.js";

/** @typedef {import("./end.js").End} End */

/**
 * @param {import("openline").Socket<any>} socket
 * @param {() => Promise<string | Uint8Array>} next
 * @returns {End}
 */
function endOf(socket, next) {
  return {
    library: "openline",
    protocol: socket.protocol,
    send: (data) => socket.send(data),
    next,
    close: (code, reason) => void socket.close(code, reason),
    closed: socket.closed.then((report) => ({ code: report.code, reason: report.reason, report })),
    native: socket,
  };
}

/**
 * An openline server whose connections are taken one by one. It hears messages through its handlers.
 *
 * @param {Partial<import("openline").ServeOptions<any>>} [options]
 */
export async function startOpenlineServer(options = {}) {
  /** @type {Inbox<End>} */
  const ends = new Inbox();
  /** @type {Map<import("openline").Socket<any>, Inbox<string | Uint8Array>>} */
  const inboxes = new Map();
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    open(socket) {
      const inbox = new Inbox();
      inboxes.set(socket, inbox);
      ends.push(endOf(socket, () => inbox.next()));
    },
    message(socket, message) {
      inboxes.get(socket)?.push(message);
    },
    close(socket, report) {
      inboxes.get(socket)?.end(new Error(`the connection ended: ${report.outcome} ${report.code} ${report.reason}`));
      inboxes.delete(socket);
    },
    ...options,
  });
  return {
    url: server.url,
    nextEnd: () => ends.next(),
    stop: async () => {
      for (const socket of server.sockets) socket.terminate();
      await server.close();
    },
  };
}

/**
 * An openline client. It pulls messages through its iterator.
 *
 * @param {string} url
 * @param {import("openline").ConnectOptions} [options]
 * @returns {Promise<End>}
 */
export async function openlineClient(url, options = {}) {
  const socket = await connect(url, options);
  if (options.message !== undefined)
    return endOf(socket, () => Promise.reject(new Error("a handler takes the messages")));
  const messages = socket[Symbol.asyncIterator]();
  return endOf(socket, async () => {
    const { done, value } = await messages.next();
    if (done === true) throw new Error("the connection ended");
    return value;
  });
}

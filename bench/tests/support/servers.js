/**
 * Servers and clients that do the handshake and then what a test tells them, on plain sockets: right or wrong.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { benchCertificate } from "../../lib/peer.js";

/**
 * @typedef {object} Behavior
 * @property {(accept: string) => string} [respond] the head of the response
 * @property {(peer: Peer, path: string) => void} [opened]
 * @property {(peer: Peer, payload: Buffer, number: number) => void} [message] of each message, from 0 on for each
 *   connection
 * @property {boolean} [tls]
 *
 * @typedef {object} Peer
 * @property {number} index of the connection
 * @property {string} path
 * @property {import("node:net").Socket} socket
 */

/** @param {string} key */
function acceptValue(key) {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** @param {string} accept */
function rightResponse(accept) {
  return (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
}

/**
 * Calls back for every frame; for as long as the other end sends data frames only, as the load does.
 *
 * @param {(payload: Buffer) => void} onFrame
 */
export function createFrameReader(onFrame) {
  let held = Buffer.alloc(0);
  return (/** @type {Buffer} */ octets) => {
    held = Buffer.concat([held, octets]);
    for (;;) {
      if (held.length < 2) return;
      const isMasked = (held[1] & 0x80) !== 0;
      const short = held[1] & 0x7f;
      const lengthEnd = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
      const start = lengthEnd + (isMasked ? 4 : 0);
      if (held.length < start) return;
      const length = short === 126 ? held.readUInt16BE(2) : short === 127 ? Number(held.readBigUInt64BE(2)) : short;
      if (held.length < start + length) return;
      const key = isMasked ? held.subarray(lengthEnd, start) : Buffer.alloc(4);
      const payload = Buffer.from(held.subarray(start, start + length).map((octet, index) => octet ^ key[index & 3]));
      held = held.subarray(start + length);
      onFrame(payload);
    }
  };
}

/**
 * A frame.
 *
 * @param {Buffer} payload
 * @param {{ opcode?: number, key?: Buffer }} [look] masked, where there is a key
 */
export function frame(payload, { opcode = 2, key } = {}) {
  const maskBit = key === undefined ? 0 : 0x80;
  const header =
    payload.length < 126
      ? Buffer.of(0x80 | opcode, maskBit | payload.length)
      : Buffer.of(0x80 | opcode, maskBit | 126, payload.length >> 8, payload.length & 0xff);
  const octets = key === undefined ? payload : Buffer.from(payload.map((octet, index) => octet ^ key[index & 3]));
  return Buffer.concat([header, key ?? Buffer.alloc(0), octets]);
}

/** The right answer to every message. */
export const echo = ({ socket }, payload) => socket.write(frame(payload));

/**
 * @param {import("node:test").TestContext} context which ends it
 * @param {Behavior} behavior
 * @returns {Promise<number>} its port
 */
export async function startServer(context, { respond = rightResponse, opened, message = echo, tls = false }) {
  let connections = 0;
  const sockets = new Set();
  const onConnection = (/** @type {import("node:net").Socket} */ socket) => {
    const peer = { index: connections++, path: "", socket };
    let head = "";
    let messages = 0;
    const read = createFrameReader((payload) => message(peer, payload, messages++));
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (octets) => {
      if (peer.path !== "") {
        read(octets);
        return;
      }
      head += octets.toString("latin1");
      if (!head.endsWith("\r\n\r\n")) return;
      peer.path = / (\S+) /u.exec(head)[1];
      socket.write(respond(acceptValue(/Sec-WebSocket-Key: (\S+)/u.exec(head)[1])));
      opened?.(peer, peer.path);
    });
  };
  const server = tls ? createTlsServer(benchCertificate(), onConnection) : createServer(onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return server.address().port;
}

/**
 * A client of the load that serves.
 *
 * @param {import("node:test").TestContext} context which ends it
 * @param {number} port
 * @param {(socket: import("node:net").Socket, payload: Buffer, number: number) => void} message
 */
export async function startClient(context, port, message) {
  const key = Buffer.from("the sample nonce").toString("base64");
  const socket = connect(port, "127.0.0.1");
  let messages = 0;
  let head = "";
  const read = createFrameReader((payload) => message(socket, payload, messages++));
  context.after(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write(
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await new Promise((resolve, reject) => {
    socket.on("close", () => reject(new Error("the load ended the connection")));
    socket.on("data", (octets) => {
      if (head.includes("\r\n\r\n")) {
        read(octets);
        return;
      }
      head += octets.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      if (!head.includes(`Sec-WebSocket-Accept: ${acceptValue(key)}\r\n`)) reject(new Error(head));
      resolve(undefined);
      read(Buffer.from(head.slice(end + 4), "latin1"));
    });
  });
}

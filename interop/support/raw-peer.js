/**
 * Peers without a library, who write whatever octets a test wants and read the frames that come back.
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * @typedef {object} Frame
 * @property {number} opcode
 * @property {Buffer} payload unmasked
 */

/**
 * Reads every whole frame in `octets`.
 *
 * @param {Buffer} octets
 * @returns {Frame[]}
 */
export function readFrames(octets) {
  const frames = [];
  let position = 0;
  while (octets.length - position >= 2) {
    const opcode = octets[position] & 0x0f;
    const isMasked = (octets[position + 1] & 0x80) !== 0;
    let length = octets[position + 1] & 0x7f;
    position += 2;
    if (length === 126) {
      length = octets.readUInt16BE(position);
      position += 2;
    } else if (length === 127) {
      length = Number(octets.readBigUInt64BE(position));
      position += 8;
    }
    const key = isMasked ? octets.subarray(position, position + 4) : undefined;
    if (key !== undefined) position += 4;
    const payload = Buffer.from(octets.subarray(position, position + length));
    if (payload.length < length) break;
    if (key !== undefined) payload.forEach((octet, index) => (payload[index] = octet ^ key[index & 3]));
    position += length;
    frames.push({ opcode, payload });
  }
  return frames;
}

/**
 * The status code of the first Close frame: 1005 when that has none, 1006 when there is no Close frame (RFC 6455
 * §7.1.5).
 *
 * @param {Frame[]} frames
 */
export function closeCodeOf(frames) {
  const close = frames.find(({ opcode }) => opcode === 8);
  if (close === undefined) return 1006;
  return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0);
}

/**
 * Everything that comes until the other side ends the stream or cuts it.
 *
 * @param {import("node:net").Socket} socket
 * @returns {Promise<Buffer>}
 */
function readToEnd(socket) {
  const chunks = [];
  return new Promise((resolve) => {
    socket.on("data", (chunk) => chunks.push(chunk));
    // A cut is one of the possible ends; what came before it is what counts.
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(Buffer.concat(chunks)));
  });
}

/**
 * A frame of any length.
 *
 * @param {number} firstOctet
 * @param {Uint8Array} payload
 * @param {Uint8Array} [key] to mask it with, as clients do
 */
export function rawFrame(firstOctet, payload, key) {
  const { length } = payload;
  const maskBit = key === undefined ? 0 : 0x80;
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
  if (extended.length === 2) extended.writeUInt16BE(length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  const short = extended.length === 0 ? length : extended.length === 2 ? 126 : 127;
  const octets = key === undefined ? payload : Uint8Array.from(payload, (octet, index) => octet ^ key[index & 3]);
  return Buffer.concat([Buffer.of(firstOctet, maskBit | short), extended, key ?? Buffer.alloc(0), octets]);
}

/** Splits an HTTP head from what follows it. */
function splitHead(octets) {
  const end = octets.indexOf("\r\n\r\n");
  return { head: octets.subarray(0, end).toString("latin1"), rest: octets.subarray(end + 4) };
}

/**
 * Sends a request to a server as it stands, reads until the connection ends, and tells what came.
 *
 * @param {string} url of the server, `ws://`
 * @param {string} request
 * @returns {Promise<{ status: number, head: string }>}
 */
export async function rawRequest(url, request) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const reading = readToEnd(socket);
  socket.end(request, "latin1");
  const { head } = splitHead(await reading);
  return { status: Number(head.split(" ")[1]), head };
}

/** A request that every server accepts, whose lines tests change. */
export function upgradeRequestLines() {
  return {
    start: "GET / HTTP/1.1",
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Version": "13",
  };
}

/**
 * @param {Record<string, string | undefined>} lines undefined ones are left out
 * @returns {string}
 */
export function writeRequest({ start, ...headers }) {
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined);
  return [start, ...lines.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
}

/**
 * As a client: opens a connection, sends `octets`, and reads until the server ends it.
 *
 * @param {string} url of the server, `ws://`
 * @param {Uint8Array} octets frames, or what looks like some
 * @param {Record<string, string>} [headers] of the request, besides
 * @returns {Promise<Frame[]>} the server's frames
 */
export async function exchangeAsClient(url, octets, headers = {}) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const reading = readToEnd(socket);
  socket.write(writeRequest({ ...upgradeRequestLines(), ...headers }));
  socket.write(octets);
  return readFrames(splitHead(await reading).rest);
}

/**
 * As a server: takes one connection, sends `octets`, and reads until the client ends it.
 *
 * @param {Uint8Array} octets
 * @param {(url: string) => void} connectClient starts the client
 * @param {Record<string, string>} [headers] of the response, besides
 * @returns {Promise<Frame[]>} the client's frames
 */
export async function exchangeAsServer(octets, connectClient, headers = {}) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = once(server, "connection");
  connectClient(`ws://127.0.0.1:${server.address().port}`);
  const [socket] = await connection;
  server.close();
  const reading = readToEnd(socket);
  const [request] = await once(socket, "data");
  const key = /^sec-websocket-key: *(\S+)/imu.exec(request.toString("latin1"))?.[1];
  // RFC 6455 §1.3.
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  for (const [name, value] of Object.entries(headers)) head.push(`${name}: ${value}`);
  socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
  socket.write(octets);
  // RFC 6455 §7.1.1: the server closes the TCP connection first; a client may wait for that after its Close frame.
  let received = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (readFrames(received).some(({ opcode }) => opcode === 8)) socket.end();
  });
  return readFrames(splitHead(await reading).rest);
}

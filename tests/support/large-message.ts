/**
 * A client that sends messages of any length by raw frames, no faster than they are taken.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { noise } from "./samples.js";

const sample = noise(1024 * 1024, 1);

/** A connection that has been upgraded. */
export async function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}

async function write(socket: Socket, octets: Uint8Array): Promise<void> {
  if (!socket.write(octets)) await once(socket, "drain");
}

/** A header with a masking key that changes nothing, so that the sender costs no more than it has to. */
function header(opcode: number, fin: boolean, length: number): Uint8Array {
  const bytes = Buffer.alloc(14);
  bytes[0] = (fin ? 0x80 : 0) | opcode;
  if (length > 65_535) {
    bytes[1] = 0xff;
    bytes.writeBigUInt64BE(BigInt(length), 2);
    return bytes;
  }
  bytes[1] = 0xfe;
  bytes.writeUInt16BE(length, 2);
  return Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(4)]);
}

/**
 * Sends a binary message.
 *
 * @param length its octets, a multiple of 1 MiB
 * @param fragments into how many frames it is cut; a power of two
 * @param wrote told how many octets the socket has taken; waited for
 * @returns the digest of what was sent
 */
export async function sendLarge(
  socket: Socket,
  length: number,
  fragments: number,
  wrote?: (bytes: number) => Promise<void>,
): Promise<string> {
  const digest = createHash("sha1");
  const frameBytes = length / fragments;
  for (let frame = 0; frame < fragments; frame++) {
    await write(socket, header(frame === 0 ? 2 : 0, frame === fragments - 1, frameBytes));
    for (let left = frameBytes; left > 0; left -= sample.byteLength) {
      const piece = left < sample.byteLength ? sample.subarray(0, left) : sample;
      digest.update(piece);
      await write(socket, piece);
      await wrote?.(piece.byteLength);
    }
  }
  return digest.digest("hex");
}

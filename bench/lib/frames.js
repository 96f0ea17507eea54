/**
 * Frames (RFC 6455 §5.2) as the load generator sends them and as it expects them back.
 */
import { randomFillSync } from "node:crypto";

const opcodes = { text: 1, binary: 2 };

/** @typedef {keyof typeof opcodes} MessageType */

/**
 * @param {MessageType} type
 * @param {number} length of the payload
 * @param {boolean} isMasked
 */
function header(type, length, isMasked) {
  const maskBit = isMasked ? 0x80 : 0;
  const firstOctet = 0x80 | opcodes[type];
  if (length < 126) return Buffer.of(firstOctet, maskBit | length);
  if (length < 65_536) return Buffer.of(firstOctet, maskBit | 126, length >> 8, length & 0xff);
  const octets = Buffer.alloc(10);
  octets.set([firstOctet, maskBit | 127]);
  octets.writeBigUInt64BE(BigInt(length), 2);
  return octets;
}

/**
 * A message as a client sends it, masked by a key of its own.
 *
 * @param {MessageType} type
 * @param {Uint8Array} payload
 */
export function clientFrame(type, payload) {
  const key = randomFillSync(Buffer.alloc(4));
  const masked = payload.map((octet, index) => octet ^ key[index & 3]);
  return Buffer.concat([header(type, payload.length, true), key, masked]);
}

/**
 * The same message as a server sends it.
 *
 * @param {MessageType} type
 * @param {Uint8Array} payload
 */
export function serverFrame(type, payload) {
  return Buffer.concat([header(type, payload.length, false), payload]);
}

/**
 * Frames for inputs: right ones, and such as are wrong in one place.
 */
import type { SeededRandom } from "#src/testing/index.js";

const opcodes = [0, 0, 1, 1, 2, 2, 8, 9, 10, 3, 11];
const lengths = [0, 1, 2, 4, 5, 124, 125, 126, 127, 300];
const longLengths = [65_535, 65_536];

/** Makes one frame. */
export function makeFrame(random: SeededRandom, isMasked: boolean): Uint8Array {
  const opcode = random.pick(opcodes);
  const isControl = opcode >= 8;
  const fin = isControl ? !random.chance(0.05) : random.chance(0.7);
  const reserved = random.chance(0.1) ? random.pick([0x40, 0x20, 0x10, 0x70]) : 0;
  const payload = opcode === 8 ? closeBody(random) : makePayload(random, isControl);
  const length = random.chance(0.05) ? random.pick(lengths) : payload.byteLength;
  const form = random.chance(0.05) ? random.pick([0, 2, 8]) : length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + form);
  header[0] = (fin ? 0x80 : 0) | reserved | opcode;
  const maskBit = isMasked !== random.chance(0.02) ? 0x80 : 0;
  header[1] = maskBit | (form === 0 ? length & 0x7f : form === 2 ? 126 : 127);
  if (form === 2) header.writeUInt16BE(length & 0xffff, 2);
  else if (form === 8) header.writeBigUInt64BE(random.chance(0.05) ? 1n << 63n : BigInt(length), 2);
  if (maskBit === 0) return Buffer.concat([header, payload]);
  const key = random.octets(4);
  return Buffer.concat([header, key, payload.map((octet, index) => octet ^ (key[index % 4] ?? 0))]);
}

/** Makes some, one after the other. */
export function makeFrames(random: SeededRandom, isMasked: boolean): Uint8Array {
  return Buffer.concat(Array.from({ length: random.integer(1, 6) }, () => makeFrame(random, isMasked)));
}

function makePayload(random: SeededRandom, isControl: boolean): Uint8Array {
  const length = random.chance(0.02)
    ? random.pick(longLengths)
    : random.chance(0.3)
      ? random.pick(lengths)
      : random.integer(0, 40);
  const bounded = isControl && random.chance(0.95) ? Math.min(125, length) : length;
  if (random.chance(0.4)) return new Uint8Array(bounded).fill(0x61);
  if (random.chance(0.5)) return new Uint8Array(Buffer.from("äöü€🙂".repeat(bounded)).subarray(0, bounded));
  return random.octets(Math.min(bounded, 400));
}

function closeBody(random: SeededRandom): Uint8Array {
  if (random.chance(0.2)) return random.octets(random.integer(0, 4));
  const code = random.pick([1000, 1001, 1002, 1005, 1006, 1015, 1016, 2999, 3000, 4999, 5000, 999]);
  return Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(random.pick(["", "bye", "ä"]))]);
}

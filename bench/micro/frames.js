/**
 * Frames (RFC 6455 §5.2) for the parsers to read.
 */

export const opcodes = { continuation: 0, text: 1, binary: 2 };

// The same for every frame: no parser takes an interest in it, but for all its octets being zero.
const key = Buffer.of(0x37, 0xfa, 0x21, 0x3d);

/**
 * A masked frame, as a client sends it.
 *
 * @param {number} opcode
 * @param {Uint8Array} payload
 * @param {boolean} [fin]
 */
export function clientFrame(opcode, payload, fin = true) {
  const { length } = payload;
  const firstOctet = (fin ? 0x80 : 0) | opcode;
  let header = Buffer.of(firstOctet, 0x80 | length);
  if (length > 125 && length < 65_536) {
    header = Buffer.of(firstOctet, 0x80 | 126, length >> 8, length & 0xff);
  } else if (length >= 65_536) {
    header = Buffer.alloc(10);
    header.set([firstOctet, 0x80 | 127]);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, key, Uint8Array.from(payload, (octet, index) => octet ^ key[index & 3])]);
}

/**
 * The frames of a message in fragments.
 *
 * @param {Uint8Array} payload
 * @param {number} fragmentBytes
 */
export function fragmentedMessage(payload, fragmentBytes) {
  const frames = [];
  for (let start = 0; start < payload.length; start += fragmentBytes) {
    const fragment = payload.subarray(start, start + fragmentBytes);
    const opcode = start === 0 ? opcodes.binary : opcodes.continuation;
    frames.push(clientFrame(opcode, fragment, start + fragmentBytes >= payload.length));
  }
  return Buffer.concat(frames);
}

// What one read of the kernel's brings.
const chunkBytes = 65_536;

/**
 * @param {Buffer} octets
 * @param {(byteLength: number) => Uint8Array} [allocate] memory for each chunk
 * @returns {Uint8Array[]}
 */
export function inChunks(octets, allocate = Buffer.alloc) {
  const chunks = [];
  for (let start = 0; start < octets.length; start += chunkBytes) {
    const piece = octets.subarray(start, start + chunkBytes);
    const chunk = allocate(piece.length);
    chunk.set(piece);
    chunks.push(chunk);
  }
  return chunks;
}

/** Octets of every value. */
export function binaryPayload(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index * 167 + (index >> 8)));
}

/** Text of so many octets, all of them ASCII, or most of them not. */
export function textPayload(length, ascii) {
  const sentence = ascii ? "The quick brown fox jumps over the lazy dog. " : "Ёж и Öl, 漢字 🦊; ";
  const whole = Buffer.from(sentence.repeat(Math.ceil(length / sentence.length)));
  let end = length;
  while (end > 0 && (whole[end] & 0xc0) === 0x80) end--;
  return Buffer.concat([whole.subarray(0, end), Buffer.alloc(length - end, ".")]);
}

/**
 * SHA-1 (FIPS 180-4 §6.1), for `Sec-WebSocket-Accept` and nothing else: RFC 6455 §10.8 explains that the handshake
 * does not depend on any security property of it. It is written out because the protocol core imports nothing; the two
 * blocks of an accept value take it a microsecond or two, once per connection.
 */

/** Octets in a block. */
const blockBytes = 64;

// The message schedule of the block at hand: 80 words. Shared between calls, which is safe because a call runs to its
// end without yielding, and every word is written before it is read.
const schedule = new DataView(new ArrayBuffer(80 * 4));

/**
 * The SHA-1 digest of an octet string.
 *
 * @param message any number of octets; it is copied once for padding, so keep it short
 * @returns 20 octets
 */
export function sha1(message: Uint8Array): Uint8Array {
  const padded = pad(message);
  const digest = new DataView(new ArrayBuffer(20));
  digest.setInt32(0, 0x67452301);
  digest.setInt32(4, 0xefcdab89);
  digest.setInt32(8, 0x98badcfe);
  digest.setInt32(12, 0x10325476);
  digest.setInt32(16, 0xc3d2e1f0);
  for (let offset = 0; offset < padded.byteLength; offset += blockBytes) {
    fillSchedule(padded, offset);
    addBlock(digest);
  }
  return new Uint8Array(digest.buffer);
}

/** The message, a one bit, zeros up to a whole block, and the length in bits as the last 64 of them. */
function pad(message: Uint8Array): DataView {
  const blockCount = Math.ceil((message.length + 9) / blockBytes);
  const padded = new Uint8Array(blockCount * blockBytes);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  return view;
}

function fillSchedule(padded: DataView, offset: number): void {
  for (let at = 0; at < 64; at += 4) schedule.setInt32(at, padded.getInt32(offset + at));
  for (let at = 64; at < 320; at += 4) {
    const word =
      schedule.getInt32(at - 12) ^ schedule.getInt32(at - 32) ^ schedule.getInt32(at - 56) ^ schedule.getInt32(at - 64);
    schedule.setInt32(at, (word << 1) | (word >>> 31));
  }
}

/** Runs the 80 rounds over the schedule and adds their outcome to the digest. */
function addBlock(digest: DataView): void {
  let a = digest.getInt32(0);
  let b = digest.getInt32(4);
  let c = digest.getInt32(8);
  let d = digest.getInt32(12);
  let e = digest.getInt32(16);
  for (let round = 0; round < 80; round++) {
    let mixed: number;
    if (round < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (round < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (round < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + mixed + e + schedule.getInt32(round * 4)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  digest.setInt32(0, digest.getInt32(0) + a);
  digest.setInt32(4, digest.getInt32(4) + b);
  digest.setInt32(8, digest.getInt32(8) + c);
  digest.setInt32(12, digest.getInt32(12) + d);
  digest.setInt32(16, digest.getInt32(16) + e);
}

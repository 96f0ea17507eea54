/**
 * Random numbers that can be had again: the same seed, the same numbers.
 *
 * @param {number} seed a 32-bit integer
 * @returns {(limit: number) => number} draws a whole number from 0 to `limit` - 1
 */
export function seededRandom(seed) {
  // xorshift32; its state must not be 0.
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/**
 * @param {(limit: number) => number} random
 * @param {number} length
 */
export function randomBytes(random, length) {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = random(256);
  return bytes;
}

// One, two, three and four octets of UTF-8 each, and the edges of each range.
const codePoints = [
  0x00, 0x41, 0x7f, 0x80, 0xe9, 0x7ff, 0x800, 0x20ac, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x1f600, 0x10ffff,
];

/**
 * @param {(limit: number) => number} random
 * @param {number} length in code points
 */
export function randomText(random, length) {
  let text = "";
  for (let index = 0; index < length; index++) text += String.fromCodePoint(codePoints[random(codePoints.length)]);
  return text;
}

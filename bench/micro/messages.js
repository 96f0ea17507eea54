/**
 * JSON messages that differ in their values, the same in every run.
 */

/** Numbers from 0 up to 1 that look random (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT"];
const words = "the quick brown fox jumps over a lazy dog while people talk about weather and things".split(" ");
const otherWords = "привет мир как дела сегодня хорошая погода мы пойдём гулять в парк 漢字 日本語 です 🦊".split(" ");

function text(next, list, count) {
  return Array.from({ length: count }, () => list[Math.floor(next() * list.length)]).join(" ");
}

/** What an entry of each kind of message is like. */
const kinds = {
  trades: (next) => ({
    s: symbols[Math.floor(next() * symbols.length)],
    p: (next() * 60_000).toFixed(2),
    q: (next() * 10).toFixed(5),
    T: 1_700_000_000_000 + Math.floor(next() * 1e8),
    m: next() < 0.5,
    b: Math.floor(next() * 1e8),
  }),
  chat: (next) => ({
    id: Math.floor(next() * 2 ** 52).toString(16),
    author: { id: Math.floor(next() * 1e9), username: text(next, words, 1) },
    content: text(next, words, 4 + Math.floor(next() * 20)),
    timestamp: new Date(1.7e12 + next() * 1e10).toISOString(),
    pinned: false,
  }),
  "chat in other scripts": (next) => ({ id: Math.floor(next() * 1e9), content: text(next, otherWords, 12) }),
};

/**
 * The first `length` octets of a message.
 *
 * @param {keyof typeof kinds} kind
 * @param {number} length
 * @param {number} seed of each message another
 */
export function jsonMessage(kind, length, seed) {
  const next = numbers(seed);
  const entries = [];
  for (let bytes = 0; bytes < length; bytes += JSON.stringify(entries.at(-1)).length) entries.push(kinds[kind](next));
  return Buffer.from(JSON.stringify({ type: kind, entries })).subarray(0, length);
}

/** Readings of sensors as a device packs them: little that repeats. */
export function readings(length, seed) {
  const next = numbers(seed);
  const octets = Buffer.alloc(length + 16);
  let value = 20;
  for (let at = 0; at < length; at += 16) {
    value += next() - 0.5;
    octets.writeUInt16LE(at >> 4, at);
    octets.writeUInt16LE(Math.floor(next() * 8), at + 2);
    octets.writeFloatLE(value, at + 4);
    octets.writeFloatLE(next(), at + 8);
    octets.writeInt32LE(Math.floor(next() * 1000), at + 12);
  }
  return octets.subarray(0, length);
}

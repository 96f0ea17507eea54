/**
 * Messages that are unlike each other, of lengths around which something changes.
 */
import type { SeededRandom } from "#src/testing/index.js";

// RFC 6455 §5.2: up to 125 octets the length is one octet, up to 65535 three, then nine. 16 KiB: see docs/sending.md.
const lengths = [0, 1, 2, 125, 126, 127, 1000, 4090, 16_383, 16_384, 65_535, 65_536];

const letters = ["a", "7", "ä", "€", "🙂"];

/** Makes one of at most about `maxBytes` octets. */
export function makeMessage(random: SeededRandom, maxBytes: number): string | Uint8Array<ArrayBuffer> {
  const length = drawLength(random, maxBytes);
  return random.chance(0.5) ? makeText(random, length) : makeOctets(random, length);
}

function drawLength(random: SeededRandom, maxBytes: number): number {
  const dice = random.next();
  if (dice < 0.5) return Math.min(maxBytes, random.pick(lengths));
  if (dice < 0.95) return random.integer(0, Math.min(maxBytes, 3000));
  return random.integer(0, maxBytes);
}

function makeText(random: SeededRandom, length: number): string {
  const head = `${random.integer(0, 1e9)} `;
  // Most texts are ASCII, and those that are not are of several kinds.
  const letter = random.chance(0.7) ? "x" : random.pick(letters);
  // What was cut in the middle of a pair arrives as U+FFFD.
  return Buffer.from((head + letter.repeat(length)).slice(0, length)).toString();
}

function makeOctets(random: SeededRandom, length: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(length);
  let state = random.integer(0, 0x7fff_ffff) | 1;
  const isRegular = random.chance(0.5);
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    octets[index] = isRegular && index > 8 ? index & 0xff : state >>> 24;
  }
  return octets;
}

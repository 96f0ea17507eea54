/** Messages to compress, the same in every run. */

import { utf8 } from "./octets.js";
import { seededRandom } from "./random.js";

const words =
  "order price quantity status pending filled user message channel limit market trade update position".split(" ");

/** The first `length` octets of a JSON message, unlike others of another seed but made of the same words. */
export function jsonSample(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const word = (): string => words[Math.floor(random() * words.length)]!;
  const items: unknown[] = [];
  for (let bytes = 12; bytes < length; bytes += 50) {
    items.push({ id: Math.floor(random() * 1e9), kind: word(), text: `${word()} ${word()}`, open: random() < 0.5 });
  }
  return utf8(JSON.stringify({ items })).slice(0, length);
}

/** Octets that cannot be made shorter. */
export function noise(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}

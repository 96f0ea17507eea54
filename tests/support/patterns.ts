/**
 * Data that looks random and is the same in every run.
 */
import { seededRandom } from "./random.js";

/** Whole numbers from `min` to `max`, both included. */
export function seededIntegers(seed: number): (min: number, max: number) => number {
  const random = seededRandom(seed);
  return (min, max) => min + Math.floor(random() * (max - min + 1));
}

/** Octets that differ from place to place, so that a piece lost or moved is seen. */
export function patternedBytes(byteLength: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let state = seed | 1;
  for (let index = 0; index < byteLength; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

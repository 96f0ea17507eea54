/** Masking keys for tests of clients. */
import type { MaskingKeySource } from "#src/protocol/index.js";
import { seededRandom } from "./random.js";

/** A source of masking keys that repeats itself in every run. */
export function seededKeys(seed = 1): MaskingKeySource {
  const random = seededRandom(seed);
  return { next: () => Math.floor(random() * 0x1_0000_0000) | 0 };
}

/**
 * A platform for tests: Node's own text, memory and masking, with time that is told to pass and randomness from a seed.
 */
import type { Platform } from "../transport/index.js";
import { nodePlatform } from "../transport/node/index.js";
import type { FakeClock } from "./fake-clock.js";
import type { SeededRandom } from "./seeded-random.js";

/** Makes one. Its deadlines are kept to the millisecond. */
export function createTestPlatform(clock: FakeClock, random: SeededRandom): Platform {
  const keys = random.fork();
  return {
    ...nodePlatform,
    clock,
    deadlines: clock,
    turns: clock,
    maskingKeys: { next: () => keys.integer(-0x8000_0000, 0x7fff_ffff) },
    randomBytes: (count) => keys.octets(count),
  };
}

/**
 * A platform for tests: Node's own text, memory, masking and compression, with time that is told to pass and randomness
 * from a seed.
 */
import { InflationMemory, WindowMemory } from "../protocol/extensions/index.js";
import type { Platform } from "../transport/index.js";
import { nodePlatform } from "../transport/node/index.js";
import type { FakeClock } from "./fake-clock.js";
import { HeldCompressor } from "./held-compressor.js";
import type { SeededRandom } from "./seeded-random.js";

/** Makes one. Its deadlines are kept to the millisecond. */
export function createTestPlatform(clock: FakeClock, random: SeededRandom): Platform {
  const keys = random.fork();
  const { compression } = nodePlatform;
  const platform: Platform = {
    ...nodePlatform,
    clock,
    deadlines: clock,
    turns: clock,
    maskingKeys: { next: () => keys.integer(-0x8000_0000, 0x7fff_ffff) },
    randomBytes: (count) => keys.octets(count),
  };
  if (compression === undefined) return platform;
  // Not made before it is asked for, and only once.
  let compressor: HeldCompressor | undefined;
  return {
    ...platform,
    compression: {
      ...compression,
      compressor: () => (compressor ??= new HeldCompressor(compression.compressor(), clock)),
      windows: new WindowMemory(),
      inflations: new InflationMemory(),
    },
  };
}

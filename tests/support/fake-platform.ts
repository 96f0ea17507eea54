/**
 * A platform whose clock stands still, whose randomness repeats, and which keeps what it is told.
 */
import { BufferPool, portableMasking } from "#src/protocol/index.js";
import type { Platform } from "#src/transport/index.js";
import { NodeTurnScheduler, nodeText } from "#src/transport/node/index.js";
import { FakeClock } from "./fake-clock.js";
import { seededIntegers } from "./patterns.js";

/** Overwrites what comes back, so that whoever reads a buffer after giving it back is found out. */
export class SpoilingBufferPool extends BufferPool {
  override release(buffer: Uint8Array): void {
    buffer.fill(0xdd);
    super.release(buffer);
  }
}

export interface FakePlatform extends Platform {
  readonly clock: FakeClock;
  /** What went to `reportError`. */
  readonly reported: { readonly error: unknown; readonly during: string }[];
}

export function createFakePlatform(seed = 1): FakePlatform {
  const integer = seededIntegers(seed);
  const reported: FakePlatform["reported"] = [];
  const clock = new FakeClock();
  return {
    clock,
    deadlines: clock,
    // On a clock that stands still everything has been read.
    afterReading: (callback) => callback(),
    text: nodeText,
    pool: new SpoilingBufferPool(),
    memoryBytes: 2 ** 31,
    allocate: (byteLength) => new Uint8Array(byteLength).fill(0xdd),
    masking: portableMasking,
    maskingKeys: { next: () => integer(-0x80000000, 0x7fffffff) },
    turns: new NodeTurnScheduler(),
    randomBytes: (count) => Uint8Array.from({ length: count }, () => integer(0, 255)),
    reportError: (error, during) => reported.push({ error, during }),
    reported,
  };
}

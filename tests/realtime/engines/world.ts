/**
 * An engine on a clock that is told to go on, for tests of its own.
 */
import type { EngineHost } from "#src/realtime/engines/index.js";
import { FakeClock } from "#src/testing/index.js";

export const startUnixMs = 1_700_000_000_000;

export function createHost(clock: FakeClock = new FakeClock()): EngineHost & { readonly clock: FakeClock } {
  let ids = 0;
  return {
    clock,
    now: () => clock.now(),
    unixMs: () => startUnixMs + clock.now(),
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
    randomId: () => `id${String(ids++)}`,
    reportError: (error) => {
      throw error;
    },
  };
}

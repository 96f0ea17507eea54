/**
 * What tests of engines need: clocks, and something to append.
 */
import type { Append, Engine, EngineHost } from "#src/realtime/engines/index.js";
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

/** Keeps so much that nothing is lost in these tests. */
export const everything = { count: 100_000, ageMs: 3_600_000, bytes: 100_000_000 };

/** Appends a message. */
export async function append(
  engine: Engine,
  channel: string,
  value: unknown,
  more: Partial<Append> = {},
): Promise<string> {
  return (await engine.logs.append(channel, { value, meta: {}, retain: everything, ...more })).position;
}

/** Time as it passes. */
export function realHost(): EngineHost {
  return {
    now: () => performance.now(),
    unixMs: () => Date.now(),
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, delayMs).unref();
      return { cancel: () => clearTimeout(timer) };
    },
    randomId: () => Math.random().toString(36),
    reportError: (error) => {
      throw error;
    },
  };
}

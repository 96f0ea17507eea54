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

/** Hosts whose told time stands still until a server has answered what a timer asked. */
export class HoldingHosts {
  readonly #settle: () => Promise<void>;
  readonly #hosts = new Map<EngineHost, EngineHost>();

  /** @param settle resolves when what was asked has been answered */
  constructor(settle: () => Promise<void>) {
    this.#settle = settle;
  }

  /** The same host where time is real, or that host's own. */
  of(host: EngineHost): EngineHost {
    const clock = (host as { clock?: unknown }).clock;
    if (!(clock instanceof FakeClock)) return host;
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const holding: EngineHost = {
      now: () => host.now(),
      unixMs: () => host.unixMs(),
      randomId: () => host.randomId(),
      reportError: (error, during) => host.reportError(error, during),
      setTimer: (callback, delayMs) =>
        host.setTimer(() => {
          callback();
          clock.hold(this.#settle());
        }, delayMs),
    };
    this.#hosts.set(host, holding);
    return holding;
  }
}

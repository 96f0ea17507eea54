/**
 * The time of the Redis server, which all nodes agree on however their own clocks go: the host's monotonic clock, and
 * how far the server's is ahead of it. That distance is looked at now and then, and follows slowly, so that one answer
 * that was late makes nothing too old.
 */
import type { EngineHost } from "../index.js";

// A clock that is wrong by so much of the time that passes is mended faster than it goes wrong.
const slew = 0.001;
// More than this behind, the machine slept: nothing is gained by following slowly.
const maxBehindMs = 60_000;

// One for each host: an engine that goes on where another was reads the same clock.
const clocks = new WeakMap<EngineHost, ServerClock>();

/** See the head of this file. */
export class ServerClock {
  readonly #host: EngineHost;
  #offsetMs: number | undefined;
  #measuredAtMs = 0;

  private constructor(host: EngineHost) {
    this.#host = host;
  }

  static of(host: EngineHost): ServerClock {
    const clock = clocks.get(host) ?? new ServerClock(host);
    clocks.set(host, clock);
    return clock;
  }

  /** Unix time in milliseconds, whole. */
  now(): number {
    return Math.round(this.#host.now() + (this.#offsetMs ?? 0));
  }

  /** The server has answered that it is this late, in Unix milliseconds. */
  measured(serverMs: number): void {
    const nowMs = this.#host.now();
    const offsetMs = serverMs - nowMs;
    if (this.#offsetMs === undefined || offsetMs - this.#offsetMs > maxBehindMs) this.#offsetMs = offsetMs;
    else {
      const mostMs = Math.max(0, nowMs - this.#measuredAtMs) * slew;
      this.#offsetMs += Math.min(Math.max(offsetMs - this.#offsetMs, -mostMs), mostMs);
    }
    this.#measuredAtMs = nowMs;
  }
}

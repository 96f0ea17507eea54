/**
 * Whether this process has more to do than it can: what `isOverloaded` of `serve()` asks.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import { UsageError } from "../protocol/index.js";
import { memoryBytes as processMemoryBytes } from "../transport/node/index.js";

/** What can be set about it. */
export interface OverloadOptions {
  /**
   * Milliseconds that the event loop may be late, by the median of the last second: a single long piece of work is no
   * overload. Default 100; `false`: however late it is.
   */
  readonly maxEventLoopDelayMs?: number | false;
  /**
   * Octets of memory (resident set) that the process may have. Default: four fifths of what it may have, by its container's
   * limit or the machine's memory; `false`: as many as there are.
   */
  readonly maxMemoryBytes?: number | false;
}

/** What was found out last. */
export interface OverloadReport {
  /** Milliseconds that the event loop was late, the median of the last second. */
  readonly eventLoopDelayMs: number;
  /** Octets of memory that the process has. */
  readonly memoryBytes: number;
  /** What is too much, undefined where nothing is. */
  readonly reason: string | undefined;
}

/** Says whether there is too much to do. */
export interface Overload {
  (): boolean;
  readonly report: OverloadReport;
  /** Looks no more. A process can end without it. */
  stop(): void;
}

/** Where the figures come from, so that tests can have others. */
export interface LoadProbe {
  /** Milliseconds that the event loop was late since it was asked last, by the median. */
  eventLoopDelayMs(): number;
  memoryBytes(): number;
  /** Calls back again and again. Does not keep the process. */
  every(intervalMs: number, callback: () => void): { stop(): void };
}

const intervalMs = 1000;
const defaultMaxEventLoopDelayMs = 100;
const defaultMemoryPart = 0.8;
// So much less it has to be again, so that connections are not let in and refused by turns.
const recovered = 0.9;

/**
 * Watches the event loop and the memory of this process.
 *
 * ```ts
 * const server = await serve({ port: 9000, isOverloaded: overload(), ...realtime.handlers });
 * ```
 *
 * @throws UsageError `invalid-limit`
 */
export function overload(options: OverloadOptions = {}, probe: LoadProbe = nodeProbe()): Overload {
  const most = {
    eventLoopDelayMs: limit("maxEventLoopDelayMs", options.maxEventLoopDelayMs, defaultMaxEventLoopDelayMs),
    memoryBytes: limit("maxMemoryBytes", options.maxMemoryBytes, Math.floor(defaultMemoryPart * processMemoryBytes)),
  };
  let report: OverloadReport = { eventLoopDelayMs: 0, memoryBytes: probe.memoryBytes(), reason: undefined };
  const look = (): void => {
    const eventLoopDelayMs = probe.eventLoopDelayMs();
    const memoryBytes = probe.memoryBytes();
    const part = report.reason === undefined ? 1 : recovered;
    const reasons: string[] = [];
    if (eventLoopDelayMs > part * most.eventLoopDelayMs) {
      reasons.push(`the event loop is ${Math.round(eventLoopDelayMs)} ms late (maxEventLoopDelayMs)`);
    }
    if (memoryBytes > part * most.memoryBytes) reasons.push(`${memoryBytes} octets of memory (maxMemoryBytes)`);
    report = { eventLoopDelayMs, memoryBytes, reason: reasons.length === 0 ? undefined : reasons.join(", ") };
  };
  const watch = probe.every(intervalMs, look);
  const isOverloaded = (): boolean => report.reason !== undefined;
  return Object.defineProperties(Object.assign(isOverloaded, { stop: () => watch.stop() }), {
    report: { get: () => report, enumerable: true },
  }) as Overload;
}

/** Node's own. */
function nodeProbe(): LoadProbe {
  const resolutionMs = 20;
  let histogram: IntervalHistogram | undefined;
  return {
    eventLoopDelayMs() {
      if (histogram === undefined) return 0;
      // What it measures is its own timer, whose time is in it.
      const delayMs = histogram.count === 0 ? 0 : histogram.percentile(50) / 1e6 - resolutionMs;
      histogram.reset();
      return Math.max(0, delayMs);
    },
    memoryBytes: () => process.memoryUsage.rss(),
    every(everyMs, callback) {
      const watched = monitorEventLoopDelay({ resolution: resolutionMs });
      watched.enable();
      histogram = watched;
      const timer = setInterval(callback, everyMs);
      timer.unref();
      return {
        stop: () => {
          clearInterval(timer);
          watched.disable();
        },
      };
    },
  };
}

function limit(name: string, given: number | false | undefined, defaultValue: number): number {
  if (given === false) return Number.POSITIVE_INFINITY;
  const value = given ?? defaultValue;
  if (typeof value !== "number" || !(value > 0)) throw new UsageError("invalid-limit", String(value), undefined, name);
  return value;
}

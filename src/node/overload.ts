/**
 * Whether this process has more to do than it can: what `isOverloaded` of `serve()` asks.
 */
import {
  constants,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from "node:perf_hooks";
import process from "node:process";
import { getHeapStatistics } from "node:v8";
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
   * limit or the machine's memory, of which a worker of `cluster()` has its part; `false`: as many as there are.
   */
  readonly maxMemoryBytes?: number | false;
  /**
   * Octets of V8's heap that may be in use after a full collection of garbage. Default: four fifths of what V8 allows
   * (`--max-old-space-size`), at which it ends the process however much memory the machine has; `false`: as many as there are.
   */
  readonly maxHeapBytes?: number | false;
}

/** What was found out last. */
export interface OverloadReport {
  /** Milliseconds that the event loop was late, the median of the last second. */
  readonly eventLoopDelayMs: number;
  /** Octets of memory that the process has. */
  readonly memoryBytes: number;
  /** Octets of V8's heap that were in use after the last full collection of garbage; 0 before the first. */
  readonly heapBytes: number;
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
  /** Octets of V8's heap that were in use after the last full collection of garbage; 0 before the first. */
  heapBytes(): number;
  /** Calls back again and again. Does not keep the process. */
  every(intervalMs: number, callback: () => void): { stop(): void };
}

const intervalMs = 1000;
const defaultMaxEventLoopDelayMs = 100;
const defaultPart = 0.8;
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
  const figures: readonly Figure[] = [
    new Figure(
      limit("maxEventLoopDelayMs", options.maxEventLoopDelayMs, defaultMaxEventLoopDelayMs),
      (delayMs) => `the event loop is ${Math.round(delayMs)} ms late (maxEventLoopDelayMs)`,
    ),
    new Figure(
      limit("maxMemoryBytes", options.maxMemoryBytes, Math.floor(defaultPart * processMemoryBytes)),
      (bytes) => `${bytes} octets of memory (maxMemoryBytes)`,
    ),
    new Figure(
      limit("maxHeapBytes", options.maxHeapBytes, Math.floor(defaultPart * getHeapStatistics().heap_size_limit)),
      (bytes) => `${bytes} octets of heap (maxHeapBytes)`,
    ),
  ];
  let report: OverloadReport = {
    eventLoopDelayMs: 0,
    memoryBytes: probe.memoryBytes(),
    heapBytes: probe.heapBytes(),
    reason: undefined,
  };
  const look = (): void => {
    const eventLoopDelayMs = probe.eventLoopDelayMs();
    const memoryBytes = probe.memoryBytes();
    const heapBytes = probe.heapBytes();
    const values = [eventLoopDelayMs, memoryBytes, heapBytes];
    const reasons = figures.flatMap((figure, index) => figure.judge(values[index] ?? 0) ?? []);
    const reason = reasons.length === 0 ? undefined : reasons.join(", ");
    report = { eventLoopDelayMs, memoryBytes, heapBytes, reason };
  };
  const watch = probe.every(intervalMs, look);
  const isOverloaded = (): boolean => report.reason !== undefined;
  return Object.defineProperties(Object.assign(isOverloaded, { stop: () => watch.stop() }), {
    report: { get: () => report, enumerable: true },
  }) as Overload;
}

/** A figure with its limit. What one of them is has no bearing on when the others are well again. */
class Figure {
  readonly #most: number;
  readonly #describe: (value: number) => string;
  #isTooMuch = false;

  constructor(most: number, describe: (value: number) => string) {
    this.#most = most;
    this.#describe = describe;
  }

  /** @returns undefined where it is not too much */
  judge(value: number): string | undefined {
    this.#isTooMuch = value > (this.#isTooMuch ? recovered : 1) * this.#most;
    return this.#isTooMuch ? this.#describe(value) : undefined;
  }
}

/**
 * Milliseconds that the event loop was late.
 *
 * @param count how often Node has measured it
 * @param medianMs the median of that: from one tick of its timer to the next
 * @param resolutionMs what that should have been
 * @param passedMs in what time
 */
export function lateness(count: number, medianMs: number, resolutionMs: number, passedMs: number): number {
  // The timer that measures it did not get its turn, in all that time.
  const tickMs = count === 0 ? passedMs : medianMs;
  return Math.max(0, tickMs - resolutionMs);
}

/** As Node documents it for entries of the type "gc". */
interface GcEntry extends PerformanceEntry {
  readonly detail?: NodeGCPerformanceDetail;
}

/** Node's own. */
function nodeProbe(): LoadProbe {
  const resolutionMs = 20;
  let histogram: IntervalHistogram | undefined;
  let askedAtMs = 0;
  let heapBytes = 0;
  return {
    eventLoopDelayMs() {
      if (histogram === undefined) return 0;
      const nowMs = performance.now();
      const delayMs = lateness(histogram.count, histogram.percentile(50) / 1e6, resolutionMs, nowMs - askedAtMs);
      askedAtMs = nowMs;
      histogram.reset();
      return delayMs;
    },
    memoryBytes: () => process.memoryUsage.rss(),
    heapBytes: () => heapBytes,
    every(everyMs, callback) {
      const watched = monitorEventLoopDelay({ resolution: resolutionMs });
      watched.enable();
      histogram = watched;
      askedAtMs = performance.now();
      // Between two of them the heap is full of what nobody needs any more, which says nothing.
      const collections = new PerformanceObserver((list) => {
        const isFull = (list.getEntries() as readonly GcEntry[]).some(
          ({ detail }) => detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR,
        );
        if (isFull) heapBytes = getHeapStatistics().used_heap_size;
      });
      collections.observe({ entryTypes: ["gc"] });
      const timer = setInterval(callback, everyMs);
      timer.unref();
      return {
        stop: () => {
          clearInterval(timer);
          watched.disable();
          collections.disconnect();
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

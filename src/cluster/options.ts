/**
 * What can be set about a cluster.
 */
import { availableParallelism } from "node:os";
import { type Engine, memory } from "../realtime/engines/index.js";

/** A process that serves, as its `start` sees it. */
export interface ClusterWorker {
  /** From 1. A process that takes the place of another has a number of its own. */
  readonly id: number;
  /**
   * An engine that all workers share: the one of the process that started them, reached over a bus. Give it to
   * `createRealtime`, or leave it where they have another in common.
   */
  readonly engine: Engine;
}

/** Ends a worker in order: resolves when nobody is connected any more. */
export type DrainWorker = () => Promise<unknown>;

/** See the head of this file. */
export interface ClusterOptions {
  /**
   * Starts a server, in each worker: `serve` with the same port in all of them shares it. Resolves to what ends it.
   * When it throws in the first workers, `cluster` does.
   */
  readonly start: (worker: ClusterWorker) => Promise<DrainWorker>;
  /** Workers. Default "auto": as many as the machine has processors for this process. */
  readonly workers?: number | "auto";
  /** Makes the engine that they share. Called once, in the process that starts them. Default `memory()`. */
  readonly engine?: () => Engine;
  /**
   * Milliseconds that a worker has for `start`, and for what ends it, before it is killed. Default 30,000: `drain()` of a
   * server takes 25 s at most.
   */
  readonly deadlineMs?: number;
  /**
   * Octets that may wait for a worker, or in one, on their way over the bus. A worker that does not take them is killed
   * and replaced; in one whose own do not leave, requests are "unavailable". Default 67,108,864.
   */
  readonly maxBacklogBytes?: number;
  /**
   * Whether signals are heeded: SIGTERM and SIGINT drain all workers and end the process, a second one at once; SIGHUP
   * replaces the workers one by one. Default true.
   */
  readonly signals?: boolean;
  /** Is told what happens to workers. Default: it is printed on standard error. */
  readonly log?: (line: string) => void;
}

/** The options with their defaults. */
export interface ResolvedClusterOptions {
  readonly start: (worker: ClusterWorker) => Promise<DrainWorker>;
  readonly workers: number;
  readonly engine: () => Engine;
  readonly deadlineMs: number;
  readonly maxBacklogBytes: number;
  readonly signals: boolean;
  readonly log: (line: string) => void;
}

const defaultDeadlineMs = 30_000;
// Some seconds of what a bus carries: whoever is so late will not catch up.
const defaultMaxBacklogBytes = 64 * 1024 * 1024;
// More than any machine has processors; a mistyped number must not fork without end.
const maxWorkers = 1024;
const maxTimerMs = 2 ** 31 - 1;

/** @throws RangeError for a number that is out of its range */
export function resolveClusterOptions(options: ClusterOptions): ResolvedClusterOptions {
  const { workers = "auto", deadlineMs = defaultDeadlineMs, maxBacklogBytes = defaultMaxBacklogBytes } = options;
  return {
    start: options.start,
    workers: whole("workers", workers === "auto" ? availableParallelism() : workers, maxWorkers),
    engine: options.engine ?? (() => memory()),
    deadlineMs: whole("deadlineMs", deadlineMs, maxTimerMs),
    maxBacklogBytes: whole("maxBacklogBytes", maxBacklogBytes, Number.MAX_SAFE_INTEGER),
    signals: options.signals ?? true,
    log: options.log ?? ((line) => process.stderr.write(`openline: ${line}\n`)),
  };
}

function whole(name: string, value: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > most) {
    throw new RangeError(`${name} must be a whole number from 1 to ${most}, and is ${value}`);
  }
  return value;
}

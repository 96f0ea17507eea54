/**
 * The process that starts the workers, replaces them, and has the engine that they share.
 */
import process from "node:process";
import type { Engine } from "../realtime/engines/index.js";
import { createRealtimePlatform, nodeClock } from "../realtime/platform.js";
import { nodePlatform } from "../transport/node/index.js";
import type { ResolvedClusterOptions } from "./options.js";
import { WorkerProcess, type WorkerState } from "./worker-process.js";

/** A worker, as it is at the moment. */
export interface WorkerStatus {
  readonly id: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
}

/** A cluster that runs, in the process that started it. */
export interface Cluster extends AsyncDisposable {
  readonly workers: readonly WorkerStatus[];
  /**
   * Replaces all workers, one after the other: the new one serves before the old one is drained.
   *
   * @throws Error when a new worker does not start; the old ones go on then
   */
  restart(): Promise<void>;
  /** Drains all workers at once, and resolves when they have ended and the engine is closed. */
  close(): Promise<void>;
}

// A worker that ends soon after its start is started again ever later, from this on and up to that.
const firstBackoffMs = 100;
const maxBackoffMs = 10_000;
// So long lives one whose end has nothing to do with its start.
const livedMs = 10_000;

/** See the head of this file. */
export class Primary implements Cluster {
  readonly #options: ResolvedClusterOptions;
  readonly #workers = new Set<WorkerProcess>();
  /** Those that are to replace others and do not serve yet: the others go on if they do not start. */
  readonly #trials = new Set<WorkerProcess>();
  readonly #backoffs = new Set<NodeJS.Timeout>();
  #backoffMs = firstBackoffMs;
  #engine: Promise<Engine> | undefined;
  #hasStarted = false;
  #restarting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #onSignal = (): void => {
    if (this.#closing === undefined) void this.close();
    else this.#killAll();
  };
  readonly #onHangup = (): void => {
    this.restart().catch((error: unknown) => this.#options.log(`workers were not replaced: ${messageOf(error)}`));
  };

  constructor(options: ResolvedClusterOptions) {
    this.#options = options;
  }

  /** @throws Error when a worker does not start; all others are ended then */
  async start(): Promise<void> {
    if (this.#options.signals) {
      process.on("SIGTERM", this.#onSignal).on("SIGINT", this.#onSignal).on("SIGHUP", this.#onHangup);
    }
    const workers = Array.from({ length: this.#options.workers }, () => this.#fork());
    try {
      await Promise.all(workers.map(({ ready }) => ready));
      this.#hasStarted = true;
    } catch (error) {
      await this.close();
      throw new Error(`a worker did not start: ${messageOf(error)}`, { cause: error });
    }
  }

  get workers(): readonly WorkerStatus[] {
    return [...this.#workers].map(({ id, pid, state }) => ({ id, pid, state }));
  }

  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async #restart(): Promise<void> {
    for (const old of [...this.#workers].filter(({ state }) => state === "ready")) {
      if (this.#closing !== undefined) return;
      const replacement = this.#fork();
      this.#trials.add(replacement);
      try {
        await replacement.ready;
      } finally {
        this.#trials.delete(replacement);
      }
      await old.drain();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    for (const backoff of this.#backoffs) clearTimeout(backoff);
    await Promise.all([...this.#workers].map((worker) => worker.drain()));
    process.off("SIGTERM", this.#onSignal).off("SIGINT", this.#onSignal).off("SIGHUP", this.#onHangup);
    // Where it did not start, there is nothing to close.
    await this.#engine?.then((engine) => engine.close()).catch(() => undefined);
  }

  #killAll(): void {
    for (const worker of this.#workers) worker.kill("told twice to end");
  }

  #fork(): WorkerProcess {
    const { workers, deadlineMs, maxBacklogBytes, log } = this.#options;
    const worker = new WorkerProcess({
      processes: workers + 1,
      ...{ deadlineMs, maxBacklogBytes, log },
      engine: () => this.#startEngine(),
      ended: (ended) => this.#ended(ended),
    });
    this.#workers.add(worker);
    return worker;
  }

  #startEngine(): Promise<Engine> {
    this.#engine ??= (async () => {
      const engine = this.#options.engine();
      await engine.start(createRealtimePlatform(nodePlatform, nodeClock));
      return engine;
    })();
    return this.#engine;
  }

  /** Starts another one in its place, unless it was to end. */
  #ended(worker: WorkerProcess): void {
    this.#workers.delete(worker);
    if (worker.wasDrained || this.#trials.has(worker) || !this.#hasStarted || this.#closing !== undefined) return;
    if (performance.now() - worker.startedAtMs > livedMs) this.#backoffMs = firstBackoffMs;
    const backoff = setTimeout(() => {
      this.#backoffs.delete(backoff);
      this.#fork();
    }, this.#backoffMs);
    this.#backoffs.add(backoff);
    this.#backoffMs = Math.min(2 * this.#backoffMs, maxBackoffMs);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

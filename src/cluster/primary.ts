/**
 * The process that starts the workers, replaces them, and has the engine that they share.
 */
import process from "node:process";
import { isatty } from "node:tty";
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
   * Replaces all workers, one after the other, or one of them: the new one serves before the old one is drained. While some
   * are being replaced already, it begins after that.
   *
   * @param id of the worker to replace. Default: all
   * @throws RangeError when no worker has this id; Error when a new worker does not start; the old ones go on then
   */
  restart(id?: number): Promise<void>;
  /** Drains all workers at once, and resolves when they have ended and the engine is closed. */
  close(): Promise<void>;
}

// A worker that ends soon after its start is started again ever later, from this on and up to that.
const firstBackoffMs = 100;
const maxBackoffMs = 10_000;
// So long lives one whose end has nothing to do with its start.
const livedMs = 10_000;
const errorFile = 2;

/** See the head of this file. */
export class Primary implements Cluster {
  readonly #options: ResolvedClusterOptions;
  readonly #workers = new Set<WorkerProcess>();
  /** Those that are to replace others and do not serve yet: the others go on if they do not start. */
  readonly #trials = new Set<WorkerProcess>();
  /** The one that is being replaced, in whose place a worker starts already. */
  #replaced: WorkerProcess | undefined;
  readonly #backoffs = new Set<NodeJS.Timeout>();
  #backoffMs = firstBackoffMs;
  #engine: Promise<Engine> | undefined;
  #hasStarted = false;
  /** What has been asked of `restart` last, and for all workers, where that has not begun. */
  #restarting: Promise<void> = Promise.resolve();
  #waitingRestart: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #hadTerminal = isatty(errorFile);
  readonly #onSignal = (): void => {
    if (this.#closing === undefined) void this.close();
    else this.#killAll();
  };
  readonly #onHangup = (): void => {
    // A terminal that is closed says the same, and wants everything of it to end.
    if (this.#hadTerminal && !isatty(errorFile)) {
      this.#onSignal();
      return;
    }
    const { log } = this.#options;
    this.restart().then(
      () => {
        if (this.#closing === undefined) log("all workers have been replaced");
      },
      (error: unknown) => log(`workers were not replaced: ${messageOf(error)}`),
    );
  };

  constructor(options: ResolvedClusterOptions) {
    this.#options = options;
  }

  /** @throws Error when a worker does not start; all others are ended then */
  async start(): Promise<void> {
    if (this.#options.signals) {
      process.on("SIGTERM", this.#onSignal).on("SIGINT", this.#onSignal).on("SIGHUP", this.#onHangup);
    }
    try {
      const workers = Array.from({ length: this.#options.workers }, () => this.#fork());
      await Promise.all(workers.map(({ ready }) => ready));
      this.#hasStarted = true;
      for (const worker of workers) if (worker.hasLeft) this.#forkLater(worker);
    } catch (error) {
      await this.close();
      throw new Error(`a worker did not start: ${messageOf(error)}`, { cause: error });
    }
  }

  get workers(): readonly WorkerStatus[] {
    return [...this.#workers].map(({ id, pid, state }) => ({ id, pid, state }));
  }

  restart(id?: number): Promise<void> {
    if (id !== undefined) return this.#restartOne(id);
    this.#waitingRestart ??= this.#afterRestart(async () => {
      this.#waitingRestart = undefined;
      for (const old of [...this.#workers]) await this.#replace(old);
    });
    return this.#waitingRestart;
  }

  async #restartOne(id: number): Promise<void> {
    const old = [...this.#workers].find((worker) => worker.id === id);
    if (old === undefined) throw new RangeError(`no worker has the id ${id}`);
    await this.#afterRestart(() => this.#replace(old));
  }

  /** One after the other, so that never more than one worker is there twice. */
  #afterRestart(restart: () => Promise<void>): Promise<void> {
    const result = this.#restarting.then(restart);
    this.#restarting = result.catch(() => undefined);
    return result;
  }

  async #replace(old: WorkerProcess): Promise<void> {
    // One that starts is new; in the place of one that ends there is another, or will be.
    if (this.#closing !== undefined || old.state !== "ready") return;
    this.#replaced = old;
    let replacement: WorkerProcess | undefined;
    try {
      replacement = this.#fork();
      this.#trials.add(replacement);
      await replacement.ready;
    } catch (error) {
      this.#replaced = undefined;
      if (old.hasLeft) this.#forkLater(old);
      throw error;
    } finally {
      this.#replaced = undefined;
      if (replacement !== undefined) this.#trials.delete(replacement);
    }
    await old.drain();
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
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.close().catch((error: unknown) => this.#options.log(`the engine: ${messageOf(error)}`));
  }

  #killAll(): void {
    for (const worker of this.#workers) worker.kill("told twice to end");
  }

  #fork(): WorkerProcess {
    const { workers, deadlineMs, maxBacklogBytes, log } = this.#options;
    const worker = new WorkerProcess({
      processes: workers + 1,
      deadlineMs,
      maxBacklogBytes,
      // Of the first ones, `start` says why they do not.
      log: (line) => {
        if (this.#hasStarted) log(line);
      },
      engine: () => this.#startEngine(),
      left: (who) => this.#left(who),
      ended: (who) => {
        this.#workers.delete(who);
      },
    });
    this.#workers.add(worker);
    return worker;
  }

  #startEngine(): Promise<Engine> {
    this.#engine ??= (async () => {
      try {
        const engine = this.#options.engine();
        await engine.start(createRealtimePlatform(nodePlatform, nodeClock));
        return engine;
      } catch (error) {
        // The worker that asked ends, and the next one may have more luck.
        this.#engine = undefined;
        throw error;
      }
    })();
    return this.#engine;
  }

  /** Starts another one in its place, unless there is one or it did not start itself. */
  #left(worker: WorkerProcess): void {
    if (this.#hasStarted && worker !== this.#replaced && !this.#trials.has(worker)) this.#forkLater(worker);
  }

  #forkLater(inPlaceOf?: WorkerProcess): void {
    if (this.#closing !== undefined) return;
    const lived = inPlaceOf === undefined ? 0 : performance.now() - inPlaceOf.startedAtMs;
    if (lived > livedMs) this.#backoffMs = firstBackoffMs;
    const backoff = setTimeout(() => {
      this.#backoffs.delete(backoff);
      try {
        this.#fork();
      } catch (error) {
        this.#options.log(`no worker could be started: ${messageOf(error)}`);
        this.#forkLater();
      }
    }, this.#backoffMs);
    this.#backoffs.add(backoff);
    this.#backoffMs = Math.min(2 * this.#backoffMs, maxBackoffMs);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

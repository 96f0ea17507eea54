/**
 * A worker, as the process that started it sees it.
 */
import cluster, { type Worker } from "node:cluster";
import type { Duplex } from "node:stream";
import type { Engine } from "../realtime/engines/index.js";
import { processesVariable } from "../transport/node/index.js";
import { busFile, type DrainMessage, isOurs, workerVariable } from "./messages.js";
import { serveBus } from "./serve-bus.js";

/** What a worker is doing. "starting": its server is not there yet. */
export type WorkerState = "starting" | "ready" | "draining" | "ended";

/** What a worker process needs of its surroundings. */
export interface WorkerContext {
  /** The engine, when somebody first asks for it. */
  readonly engine: () => Promise<Engine>;
  /** How many share the memory of the machine: the workers, and the one that starts them. */
  readonly processes: number;
  readonly deadlineMs: number;
  readonly maxBacklogBytes: number;
  readonly log: (line: string) => void;
  /** It ends, or has ended, without having been told to here. */
  readonly left: (worker: WorkerProcess) => void;
  /** It has ended, told to or not. */
  readonly ended: (worker: WorkerProcess) => void;
}

// A process that ends is gone soon after its end of the bus.
const endingMs = 1000;

/** See the head of this file. */
export class WorkerProcess {
  /** Resolves when its server is there. Rejects when it ends before that, with the reason. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  readonly startedAtMs: number = performance.now();
  readonly #worker: Worker;
  readonly #context: WorkerContext;
  #state: WorkerState = "starting";
  #failure: string | undefined;
  #wasDrained = false;
  #hasLeft = false;
  #deadline: NodeJS.Timeout | undefined;
  #closeBus: () => void = () => undefined;
  #setReady: () => void = () => undefined;
  #setNotReady: (error: Error) => void = () => undefined;
  #setGone: () => void = () => undefined;

  /** @throws Error when the system gives no process */
  constructor(context: WorkerContext) {
    this.#context = context;
    const worker = cluster.fork({ [workerVariable]: "1", [processesVariable]: String(context.processes) });
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      this.#setReady = resolve;
      this.#setNotReady = reject;
    });
    // Whoever waits for it is told; nobody has to.
    this.ready.catch(() => undefined);
    this.gone = new Promise((resolve) => {
      this.#setGone = resolve;
    });
    worker.on("message", (message: unknown) => this.#told(message));
    worker.once("exit", (code: number | null, signal: string | null) =>
      this.#exited(signal === null ? `with code ${String(code)}` : `by ${signal}`),
    );
    worker.on("error", (error) => {
      this.#failure ??= error.message;
      // One that never was a process does not exit.
      if (this.pid === undefined) this.#exited("before it began");
    });
    this.#within(context.deadlineMs, "it did not start within deadlineMs");
    this.#connect();
  }

  get id(): number {
    return this.#worker.id;
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Whether it ends, or has ended, without having been told to by `drain`. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Ends it in order, or by force after `deadlineMs`. Resolves when it has ended. */
  async drain(): Promise<void> {
    if (this.#state === "starting" || this.#state === "ready") {
      this.#wasDrained = true;
      this.#drains();
      // One that starts would not hear it yet.
      void this.ready.then(() => this.#tellToEnd()).catch(() => undefined);
    }
    await this.gone;
  }

  #drains(): void {
    this.#state = "draining";
    this.#within(this.#context.deadlineMs, "it did not end within deadlineMs");
  }

  #tellToEnd(): void {
    if (this.#worker.isConnected()) this.#worker.send({ openline: "drain" } satisfies DrainMessage);
  }

  /** Ends it at once. */
  kill(reason: string): void {
    if (this.#state === "ended") return;
    this.#failure ??= reason;
    this.#worker.process.kill("SIGKILL");
  }

  #within(deadlineMs: number, reason: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.kill(reason), deadlineMs);
  }

  #told(message: unknown): void {
    if (!isOurs(message)) return;
    if (message.openline === "ready") {
      if (this.#state === "starting") {
        clearTimeout(this.#deadline);
        this.#state = "ready";
      }
      this.#setReady();
    } else if (message.openline === "ending" && this.#state === "ready") {
      this.#drains();
      this.#leaves();
    } else if (message.openline === "failed") this.#failure = message.message;
  }

  #leaves(): void {
    if (this.#wasDrained || this.#hasLeft) return;
    this.#hasLeft = true;
    this.#context.left(this);
  }

  #exited(how: string): void {
    if (this.#state === "ended") return;
    clearTimeout(this.#deadline);
    this.#closeBus();
    const wasInOrder = this.#state === "draining" && this.#failure === undefined;
    this.#state = "ended";
    if (!wasInOrder) {
      this.#context.log(`worker ${this.id} has ended ${how}${this.#failure === undefined ? "" : `: ${this.#failure}`}`);
    }
    this.#setNotReady(new Error(this.#failure ?? "it ended while it started"));
    this.#leaves();
    this.#context.ended(this);
    this.#setGone();
  }

  #connect(): void {
    // As `setupPrimary` says; absent where the system has no files left.
    const pipe = this.#worker.process.stdio?.[busFile] as Duplex | null | undefined;
    if (pipe === undefined || pipe === null) return;
    const { engine, maxBacklogBytes } = this.#context;
    this.#closeBus = serveBus(pipe, {
      engine,
      maxBacklogBytes,
      failed: (reason) => this.kill(reason),
      ended: () => {
        // A worker without the bus is of no use.
        if (this.#state !== "ended") this.#within(endingMs, "its end of the bus is closed");
      },
    });
  }
}

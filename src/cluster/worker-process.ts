/**
 * A worker, as the process that started it sees it.
 */
import cluster, { type Worker } from "node:cluster";
import type { Duplex } from "node:stream";
import { type BusAnswer, type BusRequest, BusServer } from "../realtime/engines/bus/index.js";
import type { Engine } from "../realtime/engines/index.js";
import { processesVariable } from "../transport/node/index.js";
import { busFile, type DrainMessage, isOurs } from "./messages.js";
import { PipeEnd } from "./pipe-end.js";

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
  /** It has ended, told to or not. */
  readonly ended: (worker: WorkerProcess) => void;
}

// How often it is looked whether a worker takes what it is sent.
const lookIntervalMs = 1000;

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
  #deadline: NodeJS.Timeout | undefined;

  constructor(context: WorkerContext) {
    this.#context = context;
    const worker = cluster.fork({ [processesVariable]: String(context.processes) });
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.on("message", (message: unknown) => this.#told(message, resolve));
      worker.once("exit", () => reject(new Error(this.#failure ?? "it ended while it started")));
    });
    // Whoever waits for it is told; nobody has to.
    this.ready.catch(() => undefined);
    this.gone = new Promise((resolve) => {
      worker.once("exit", (code: number | null, signal: string | null) => {
        this.#exited(code, signal);
        resolve();
      });
    });
    worker.once("error", (error) => {
      this.#failure ??= error.message;
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

  /** Whether it has been told to end. */
  get wasDrained(): boolean {
    return this.#wasDrained;
  }

  /** Ends it in order, or by force after `deadlineMs`. Resolves when it has ended. */
  async drain(): Promise<void> {
    if (this.#state !== "ended" && this.#state !== "draining") {
      this.#state = "draining";
      this.#wasDrained = true;
      this.#within(this.#context.deadlineMs, "it did not end within deadlineMs");
      // One that starts would not hear it yet.
      void this.ready.then(() => this.#tellToEnd()).catch(() => undefined);
    }
    await this.gone;
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

  #told(message: unknown, resolve: () => void): void {
    if (!isOurs(message)) return;
    if (message.openline === "ready") {
      if (this.#state === "starting") {
        clearTimeout(this.#deadline);
        this.#state = "ready";
      }
      resolve();
    } else if (message.openline === "failed") this.#failure = message.message;
  }

  #exited(code: number | null, signal: string | null): void {
    clearTimeout(this.#deadline);
    const wasExpected = this.#wasDrained && this.#failure === undefined;
    this.#state = "ended";
    if (!wasExpected) {
      const how = signal === null ? `with code ${String(code)}` : `by ${signal}`;
      this.#context.log(`worker ${this.id} has ended ${how}${this.#failure === undefined ? "" : `: ${this.#failure}`}`);
    }
    this.#context.ended(this);
  }

  /** Its end of the bus, and what serves the engine over it. */
  #connect(): void {
    const { engine, maxBacklogBytes } = this.#context;
    // As `setupPrimary` says.
    const pipe = this.#worker.process.stdio[busFile] as unknown as Duplex;
    let serving: Promise<BusServer> | undefined;
    let server: BusServer | undefined;
    const look = setInterval(() => {
      if (end.backlogBytes > maxBacklogBytes) this.kill("it does not take what the bus has for it (maxBacklogBytes)");
    }, lookIntervalMs);
    look.unref();
    const end = new PipeEnd<BusAnswer, BusRequest>(
      pipe,
      (request) => {
        if (server !== undefined) {
          server.receive(request);
          return;
        }
        serving ??= engine().then((started) => {
          server = new BusServer(started, (answer) => end.send(answer));
          return server;
        });
        void serving.then(
          (it) => it.receive(request),
          (error: unknown) => this.kill(error instanceof Error ? error.message : String(error)),
        );
      },
      () => {
        clearInterval(look);
        void serving?.then((it) => it.close()).catch(() => undefined);
      },
    );
  }
}

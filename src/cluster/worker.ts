/**
 * A worker's side of a cluster.
 */
import cluster from "node:cluster";
import { Socket } from "node:net";
import process from "node:process";
import { type BusAnswer, BusEngine, type BusRequest, failureOf } from "../realtime/engines/bus/index.js";
import { busFile, isOurs, type WorkerMessage, workerVariable } from "./messages.js";
import type { ResolvedClusterOptions } from "./options.js";
import { PipeEnd } from "./pipe-end.js";

/**
 * Starts the server of this worker, and ends it when it is told to. Resolves when it has been started.
 *
 * @throws Error where somebody else has made this process a worker
 */
export async function startWorker({ start, maxBacklogBytes }: ResolvedClusterOptions): Promise<void> {
  if (process.env[workerVariable] === undefined) {
    throw new Error(
      "this process is a worker of another cluster, as a process manager's: start one process, and let cluster() start the others",
    );
  }
  // Processes that this one starts are none of ours.
  Reflect.deleteProperty(process.env, workerVariable);
  const id = cluster.worker?.id ?? 0;
  const { engine, close } = connectEngine(maxBacklogBytes);
  let draining: Promise<void> | undefined;
  // What it throws at once, too, is why this worker does not start.
  const starting = (async () => await start({ id, engine }))();
  const end = (): void => {
    draining ??= (async () => {
      try {
        // Told to end while it starts: it goes on from there.
        await (await starting)();
      } catch (error) {
        await fail(error);
      }
      await close();
      // Ends a worker by itself.
      if (process.connected) process.disconnect();
    })();
  };
  process.on("message", (message) => {
    if (isOurs(message) && message.openline === "drain") end();
  });
  process.on("SIGTERM", () => {
    void tell({ openline: "ending" });
    end();
  });
  // A terminal sends these to all processes, and the one that started them tells what is to be done.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  try {
    await starting;
    await tell({ openline: "ready" });
  } catch (error) {
    await fail(error);
    // Nobody is connected yet.
    if (process.connected) process.disconnect();
  }
}

function connectEngine(maxBacklogBytes: number): { engine: BusEngine; close: () => Promise<void> } {
  const pipe = new Socket({ fd: busFile, readable: true, writable: true });
  const end = new PipeEnd<BusRequest, BusAnswer>(pipe, {
    received: (answer) => engine.receive(answer),
    refused: (request, error) => engine.receive(["failed", request[1], failureOf(error)]),
    ended: () => engine.lost(),
  });
  const engine = new BusEngine(
    (request) => end.send(request),
    () => end.backlogBytes < maxBacklogBytes,
  );
  // What keeps the process is its server.
  pipe.unref();
  const close = async (): Promise<void> => {
    await engine.close();
    end.end();
  };
  return { engine, close };
}

async function fail(error: unknown): Promise<void> {
  await tell({ openline: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

/** Resolves when it has left. */
async function tell(message: WorkerMessage): Promise<void> {
  if (!process.connected) return;
  await new Promise((resolve) => process.send?.(message, undefined, undefined, resolve));
}

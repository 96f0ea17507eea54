/**
 * A worker's side of a cluster.
 */
import cluster from "node:cluster";
import { Socket } from "node:net";
import process from "node:process";
import { type BusAnswer, BusEngine, type BusRequest } from "../realtime/engines/bus/index.js";
import { busFile, isOurs, type WorkerMessage } from "./messages.js";
import type { ResolvedClusterOptions } from "./options.js";
import { PipeEnd } from "./pipe-end.js";

/** Starts the server of this worker, and ends it when it is told to. Resolves when it has been started. */
export async function startWorker({ start, maxBacklogBytes }: ResolvedClusterOptions): Promise<void> {
  const id = cluster.worker?.id ?? 0;
  const { engine, close } = connectEngine(maxBacklogBytes);
  let draining: Promise<void> | undefined;
  const starting = start({ id, engine });
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
  process.on("SIGTERM", end);
  // A terminal sends it to all processes, and the one that started them tells what is to be done.
  process.on("SIGINT", () => undefined);
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
  const end = new PipeEnd<BusRequest, BusAnswer>(
    pipe,
    (answer) => engine.receive(answer),
    () => engine.lost(),
  );
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

/**
 * What a worker asks of the engine over the bus, in the process that has it.
 */
import type { Duplex } from "node:stream";
import { type BusAnswer, type BusRequest, BusServer, failureOf } from "../realtime/engines/bus/index.js";
import type { Engine } from "../realtime/engines/index.js";
import { PipeEnd } from "./pipe-end.js";

/** What is needed for it. */
export interface BusContext {
  /** The engine, when somebody first asks for it. */
  readonly engine: () => Promise<Engine>;
  readonly maxBacklogBytes: number;
  /** It cannot go on with this worker, and why. */
  readonly failed: (reason: string) => void;
  /** The worker has closed its end. */
  readonly ended: () => void;
}

// How often it is looked whether a worker takes what it is sent.
const lookIntervalMs = 1000;

/** Serves one worker. @returns what ends it */
export function serveBus(pipe: Duplex, context: BusContext): () => void {
  let serving: Promise<BusServer> | undefined;
  let server: BusServer | undefined;
  const look = setInterval(() => {
    if (end.backlogBytes > context.maxBacklogBytes) {
      context.failed("it does not take what the bus has for it (maxBacklogBytes)");
    }
  }, lookIntervalMs);
  look.unref();
  const close = (): void => {
    clearInterval(look);
    void serving?.then((it) => it.close()).catch(() => undefined);
  };
  const end = new PipeEnd<BusAnswer, BusRequest>(pipe, {
    received(request) {
      if (server !== undefined) {
        server.receive(request);
        return;
      }
      serving ??= context.engine().then((started) => {
        server = new BusServer(started, (answer) => end.send(answer));
        return server;
      });
      void serving.then(
        (it) => it.receive(request),
        (error: unknown) => context.failed(error instanceof Error ? error.message : String(error)),
      );
    },
    refused(answer, error) {
      const failure = failureOf(error);
      // What was told is missing in what is followed, which only a new start mends.
      if (answer[0] === "told") context.failed(failure.message);
      else end.send(["failed", answer[1], failure]);
    },
    ended() {
      close();
      context.ended();
    },
  });
  return close;
}

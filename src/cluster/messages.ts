/**
 * What workers and the process that started them tell each other beside the bus, over Node's own channel.
 */

/** From a worker. */
export type WorkerMessage =
  /** Its server is there. */
  | { readonly openline: "ready" }
  /** Somebody else told it to end, and it does so in order. */
  | { readonly openline: "ending" }
  /** `start` threw, or what ends the worker did. */
  | { readonly openline: "failed"; readonly message: string };

/** To a worker: it is to end in order. */
export interface DrainMessage {
  readonly openline: "drain";
}

/** Whether what came is one of them: an application may send others. */
export function isOurs(message: unknown): message is WorkerMessage | DrainMessage {
  return typeof message === "object" && message !== null && "openline" in message;
}

/** The number of the file under which a worker has its end of the bus. */
export const busFile = 4;

/** The variable of the environment by which a worker knows that it is ours. */
export const workerVariable = "OPENLINE_WORKER";

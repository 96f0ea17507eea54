/**
 * What a process holds on to at one moment, when everything that can be freed has been.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Sample {
  readonly round: number;
  readonly heapBytes: number;
  /** Memory of array buffers, and other memory outside of the heap. */
  readonly externalBytes: number;
  readonly residentBytes: number;
  /** Handles and requests that keep the process alive, or might. */
  readonly resources: number;
  /** Those of them that are timers. */
  readonly timers: number;
  readonly sockets: number;
}

/** Frees what can be freed. */
export type Collect = () => void;

/** The engine's own call for that, whatever the flags of the process. */
export function createCollect(): Collect {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Collect;
}

export async function takeSample(round: number, sockets: number, collect: Collect): Promise<Sample> {
  // What the first collection lets go of is freed by the second; closing handles takes turns of the event loop.
  for (let count = 0; count < 3; count++) {
    await nextTurn();
    collect();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  return {
    round,
    heapBytes: heapUsed,
    externalBytes: external,
    residentBytes: rss,
    resources: resources.length,
    timers: resources.filter((name) => name === "Timeout").length,
    sockets,
  };
}

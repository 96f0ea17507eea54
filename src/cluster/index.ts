/**
 * openline/cluster: a server as several processes of one machine, which share its port and an engine.
 */
import nodeCluster from "node:cluster";
import { busFile } from "./messages.js";
import { type ClusterOptions, resolveClusterOptions } from "./options.js";
import { type Cluster, Primary } from "./primary.js";
import { startWorker } from "./worker.js";

export type { App, AppContext, AppServeOptions, Servable } from "./app.js";
export type { ClusterOptions, ClusterWorker, DrainWorker } from "./options.js";
export type { Cluster, WorkerStatus } from "./primary.js";
export type { WorkerState } from "./worker-process.js";

/**
 * Runs a server in several processes. Each of them runs the program from its beginning, and comes here in turn: in the
 * first this starts the others, and in these it calls `start`.
 *
 * ```ts
 * await cluster({
 *   start: async ({ engine }) => {
 *     const realtime = createRealtime(api, { engine });
 *     const server = await serve({ port: 9000, ...realtime.handlers });
 *     return async () => {
 *       await realtime.drain();
 *       await server.drain();
 *       await realtime.close();
 *     };
 *   },
 * });
 * ```
 *
 * Built on `node:cluster`: the port is the first process's, which gives connections to the workers in turn.
 *
 * @returns in the first process the cluster, once all workers serve; undefined in a worker
 * @throws RangeError for an option that is out of its range; Error when a worker does not start
 */
export async function cluster(options: ClusterOptions): Promise<Cluster | undefined> {
  const resolved = resolveClusterOptions(options);
  if (nodeCluster.isWorker) {
    await startWorker(resolved);
    return undefined;
  }
  const stdio: ("ignore" | "inherit" | "ipc" | "pipe")[] = ["ignore", "inherit", "inherit", "ipc"];
  stdio[busFile] = "pipe";
  nodeCluster.setupPrimary({ stdio });
  const primary = new Primary(resolved);
  await primary.start();
  return primary;
}

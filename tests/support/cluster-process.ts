/**
 * A cluster in processes of its own, whose options come as JSON in the first argument: `workers`, `maxBacklogBytes`, and
 * `fails`, with which workers do not start. It prints lines of JSON: `port` of each worker, `pids` once all serve, and
 * `restarted`. The line "restart" on its standard input replaces all workers; its end closes the cluster.
 */
import nodeCluster from "node:cluster";
import { createInterface } from "node:readline";
import { cluster } from "#src/cluster/index.js";
import { healthChecks, serve } from "#src/index.js";
import { createRealtime } from "#src/realtime/index.js";
import { memoryBytes } from "#src/transport/node/index.js";

interface Options {
  readonly workers: number;
  readonly maxBacklogBytes?: number;
  readonly fails?: boolean;
}

const options = JSON.parse(process.argv[2] ?? "{}") as Options;

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  const running = await cluster({
    workers: options.workers,
    ...(options.maxBacklogBytes === undefined ? {} : { maxBacklogBytes: options.maxBacklogBytes }),
    log: (line) => print({ log: line }),
    start: async ({ engine }) => {
      if (options.fails === true) throw new Error("there is no database");
      const health = healthChecks({ ready: { engine: () => realtime.health().reason } });
      const calls = { pid: () => process.pid, memoryBytes: () => memoryBytes };
      const realtime = createRealtime({ engine, calls, authenticate: ({ token }) => ({ user: String(token) }) });
      const server = await serve({
        port: 0,
        host: "127.0.0.1",
        request: (request, response) => {
          if (!health(request, response)) response.writeHead(404).end();
        },
        ...realtime.handlers,
      });
      print({ port: server.port });
      return async () => {
        await realtime.drain({ spreadMs: 1 });
        await server.drain({ deadlineMs: 5000 });
        await realtime.close();
      };
    },
  });
  if (running !== undefined) {
    const status = (): void => print({ pids: running.workers.map(({ pid }) => pid) });
    status();
    createInterface({ input: process.stdin })
      .on("line", (line) => {
        if (line === "restart") void running.restart().then(() => print({ restarted: true }));
        status();
      })
      .on("close", () => {
        void running.close().then(() => print({ closed: true }));
      });
  }
} catch (error) {
  if (nodeCluster.isPrimary) print({ failed: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}

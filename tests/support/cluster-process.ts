/**
 * A cluster in processes of its own, whose options come as JSON in the first argument: `workers`, `maxBacklogBytes`;
 * `fails`, with which workers do not start; `waits`, with which those that come later wait for SIGUSR2 when they have printed
 * `waiting`; `execPath`, which is where Node is said to be. It prints lines of JSON: `port` of each worker, `pids` and `ids`
 * once all serve, and `restarted`. The line "restart" on its standard input replaces all workers, "restart 2" that one, and
 * "status" prints `pids` again; its end closes the cluster.
 */
import nodeCluster from "node:cluster";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cluster } from "#src/cluster/index.js";
import { healthChecks, serve } from "#src/index.js";
import { createRealtime, type Engine } from "#src/realtime/index.js";
import { memoryBytes } from "#src/transport/node/index.js";

interface Options {
  readonly workers: number;
  readonly maxBacklogBytes?: number;
  readonly fails?: "at-once" | "later";
  readonly waits?: boolean;
  readonly execPath?: string;
}

const options = JSON.parse(process.argv[2] ?? "{}") as Options;

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function startServer(id: number, engine: Engine): Promise<() => Promise<void>> {
  await Promise.resolve();
  if (options.fails === "later") throw new Error("there is no database");
  if (options.waits === true && id > options.workers) {
    const told = once(process, "SIGUSR2");
    print({ waiting: process.pid });
    await told;
  }
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
}

if (options.execPath !== undefined) process.execPath = options.execPath;

try {
  const running = await cluster({
    workers: options.workers,
    ...(options.maxBacklogBytes === undefined ? {} : { maxBacklogBytes: options.maxBacklogBytes }),
    log: (line) => print({ log: line }),
    start: ({ id, engine }) => {
      if (options.fails === "at-once") throw new Error("there is no database");
      return startServer(id, engine);
    },
  });
  if (running !== undefined) {
    const status = (): void => {
      print({ pids: running.workers.map(({ pid }) => pid), ids: running.workers.map(({ id }) => id) });
    };
    status();
    createInterface({ input: process.stdin })
      .on("line", (line) => {
        const [command, id] = line.split(" ");
        if (command !== "restart") status();
        else
          running.restart(id === undefined ? undefined : Number(id)).then(
            () => print({ restarted: true }),
            (error: unknown) => print({ restarted: String(error) }),
          );
      })
      .on("close", () => {
        void running.close().then(() => print({ closed: true }));
      });
  }
} catch (error) {
  if (nodeCluster.isPrimary) print({ failed: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}

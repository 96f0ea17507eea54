/**
 * A server in a process of its own: its options come as JSON in the first argument, and `"cluster": true` there makes it
 * one of a cluster, of which the process itself is the primary. It prints a line of JSON for what happens, and closes
 * its server when its standard input ends; nothing but that may keep it alive then.
 */
import cluster from "node:cluster";
import { serve } from "#src/index.js";

interface Options {
  readonly transport: "net" | "handle" | "auto";
  readonly cluster?: boolean;
  /** Closes after the first socket has gone. */
  readonly once?: boolean;
}

const options = JSON.parse(process.argv[2] ?? "{}") as Options;

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function serveHere(): Promise<void> {
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    transport: options.transport,
    request: (_request, response) => response.end(`<page of ${process.pid}>`),
    message: (socket, message) => void socket.send(message),
    close: () => {
      if (options.once === true) void server.close().then(() => print({ closed: true }));
    },
    error: (error) => print({ error: (error as NodeJS.ErrnoException).code ?? String(error) }),
  });
  print({ url: server.url, port: server.port, transport: server.transport, worker: cluster.isWorker });
  const close = async (): Promise<void> => {
    await server.close();
    print({ closed: true });
    if (cluster.isWorker) cluster.worker?.disconnect();
  };
  if (cluster.isWorker) process.once("message", () => void close());
  else if (options.once !== true) process.stdin.on("end", () => void close()).resume();
}

if (options.cluster === true && cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  process.stdin
    .on("end", () => {
      for (const worker of workers) worker.send("close");
    })
    .resume();
} else {
  await serveHere();
}

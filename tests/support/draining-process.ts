/**
 * A server in a process of its own, which drains when its standard input ends, prints the report, and has to end by
 * itself then. Its options come as JSON in the first argument: those of `serve`, and of `drain` under "draining".
 */
import type { DrainOptions, ServeOptions } from "#src/index.js";
import { serve } from "#src/index.js";

const options = JSON.parse(process.argv[2] ?? "{}") as ServeOptions & { readonly draining?: DrainOptions };

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const server = await serve({
  port: 0,
  host: "127.0.0.1",
  ...options,
  open: (socket) => socket.subscribe("news"),
  message: (socket, message) => socket.send(message),
});

process.stdin
  .on("end", () => {
    // In the same turn: what was accepted has to reach everybody.
    server.publish("news", "last news");
    void server.drain(options.draining).then((report) => print({ report }));
  })
  .resume();
print({ url: server.url });

/**
 * One end of connections in a process of its own, so that it can be stopped: a server that prints where it is, how often
 * each socket was closed and why, and answers each message with how many sockets it has; or, with a URL as its
 * argument, a client that prints that it is open. It ends when its standard input does.
 */
import { connect, OpenlineError, serve } from "#src/index.js";

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const url = process.argv[2];
if (url === undefined) {
  const server = await serve({
    port: 0,
    host: "127.0.0.1",
    heartbeat: { intervalMs: 300, timeoutMs: 300 },
    message: (socket) => void socket.send(String(server.sockets.size)),
    close: (_socket, { cause }) => print({ closed: cause instanceof OpenlineError ? cause.code : String(cause) }),
  });
  print({ url: server.url });
  process.stdin.on("end", () => void server.close()).resume();
} else {
  const socket = await connect(url, { heartbeat: false });
  print({ open: true });
  process.stdin.on("end", () => socket.terminate()).resume();
}

/**
 * HTTP servers on ports that the system chooses.
 */
import { once } from "node:events";
import { createServer } from "node:http";

/** @returns {Promise<{ server: import("node:http").Server, port: number }>} */
export async function listen(server = createServer()) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: server.address().port };
}

/** Ends a server, and the connections that are left of it. */
export async function close(server) {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections?.();
  await closed;
}

/** Lets a `WebSocketServer` go, with its clients. */
export async function closeSockets(server) {
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
}

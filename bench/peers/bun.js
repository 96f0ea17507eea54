import { existsSync } from "node:fs";
import { packageFile, packageVersions } from "../lib/peer.js";

const packageName = `@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;

/**
 * @param {import("../lib/peer.js").Tls | undefined} tls
 * @param {(server: () => any) => any} createHandlers
 */
async function serve(tls, createHandlers) {
  const { Bun } = globalThis;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
    fetch(request, self) {
      if (self.upgrade(request, { data: { path: new URL(request.url).pathname } })) return undefined;
      return new Response("this is a WebSocket server", { status: 400 });
    },
    websocket: { perMessageDeflate: false, idleTimeout: 0, ...createHandlers(() => server) },
  });
  return { port: server.port };
}

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "bun",
  title: "Bun",
  command: (script, args) => [packageFile(packageName, "bin/bun"), "run", script, ...args],
  async versions() {
    const { [packageName]: bun } = await packageVersions(packageName);
    if (!existsSync(packageFile(packageName, "bin/bun"))) throw new Error(`${packageName} has no program`);
    return { bun };
  },
  serve: {
    echo: (tls) => serve(tls, () => ({ message: (socket, message) => void socket.send(message) })),
    broadcast: (tls) =>
      serve(tls, (server) => ({
        open(socket) {
          if (socket.data.path !== "/subscribe") return;
          socket.subscribe("news");
          socket.send("subscribed");
        },
        message: (_socket, message) => void server().publish("news", message),
      })),
  },
};

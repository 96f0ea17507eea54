import { existsSync } from "node:fs";
import { packageFile, packageVersions } from "../lib/peer.js";

const packageName = `@deno/${process.platform}-${process.arch}-glibc`;

/**
 * @param {import("../lib/peer.js").Tls | undefined} tls
 * @param {(socket: WebSocket, path: string) => void} onSocket
 */
async function serve(tls, onSocket) {
  const { Deno } = globalThis;
  const server = Deno.serve(
    {
      port: 0,
      hostname: "127.0.0.1",
      onListen: () => undefined,
      ...(tls === undefined ? {} : { cert: tls.cert, key: tls.key }),
    },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
      // A Blob, the default, could be read asynchronously only.
      socket.binaryType = "arraybuffer";
      onSocket(socket, new URL(request.url).pathname);
      return response;
    },
  );
  return { port: server.addr.port };
}

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "deno",
  title: "Deno",
  // It would look for the packages of the folder, and run without them as well.
  command: (script, args) => [packageFile(packageName, "deno"), "run", "--allow-all", "--no-config", script, ...args],
  environment: { DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1" },
  async versions() {
    const { [packageName]: deno } = await packageVersions(packageName);
    if (!existsSync(packageFile(packageName, "deno"))) throw new Error(`${packageName} has no program`);
    return { deno };
  },
  serve: {
    echo: (tls) => serve(tls, (socket) => (socket.onmessage = ({ data }) => socket.send(data))),
    broadcast(tls) {
      /** @type {Set<WebSocket>} */
      const subscribers = new Set();
      return serve(tls, (socket, path) => {
        if (path === "/subscribe") {
          socket.onopen = () => {
            subscribers.add(socket);
            socket.send("subscribed");
          };
          socket.onclose = () => subscribers.delete(socket);
          return;
        }
        socket.onmessage = ({ data }) => {
          for (const subscriber of subscribers) subscriber.send(data);
        };
      });
    },
  },
};

/**
 * Servers as programs for `ws` have them, over `ws` itself or what is used like it.
 */
import { once } from "node:events";
import { createServer } from "node:https";

/**
 * @param {() => Promise<typeof import("ws")>} load imports the library
 * @returns {{ echo: Server, broadcast: Server }}
 *
 * @typedef {(tls: import("./peer.js").Tls | undefined, perMessageDeflate?: boolean) => Promise<{ port: number }>} Server
 */
export function wsServers(load) {
  /**
   * @param {import("./peer.js").Tls | undefined} tls
   * @param {(socket: import("ws").WebSocket, request: import("node:http").IncomingMessage) => void} onConnection
   * @param {boolean} [perMessageDeflate]
   */
  async function serve(tls, onConnection, perMessageDeflate = false) {
    const { WebSocketServer } = await load();
    const https = tls === undefined ? undefined : createServer(tls);
    const where = { port: 0, host: "127.0.0.1" };
    const server = new WebSocketServer({ ...(https === undefined ? where : { server: https }), perMessageDeflate });
    server.on("connection", onConnection);
    https?.listen(where);
    await once(server, "listening");
    return { port: server.address().port };
  }

  return {
    echo(tls, perMessageDeflate) {
      const onConnection = (socket) => {
        socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      };
      return serve(tls, onConnection, perMessageDeflate);
    },
    broadcast(tls, perMessageDeflate) {
      /** @type {Set<import("ws").WebSocket>} */
      const subscribers = new Set();
      const onConnection = (socket, request) => {
        if (request.url === "/subscribe") {
          subscribers.add(socket);
          socket.on("close", () => subscribers.delete(socket));
          socket.send("subscribed");
          return;
        }
        socket.on("message", (data, isBinary) => {
          for (const subscriber of subscribers) subscriber.send(data, { binary: isBinary });
        });
      };
      return serve(tls, onConnection, perMessageDeflate);
    },
  };
}

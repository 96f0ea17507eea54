import { once } from "node:events";
import * as http from "node:http";
import { createServer } from "node:https";
import { nodeCommand, packageVersions } from "../lib/peer.js";

/**
 * @param {import("../lib/peer.js").Tls | undefined} tls
 * @param {(socket: import("ws").WebSocket, request: import("node:http").IncomingMessage) => void} onConnection
 * @param {boolean} [perMessageDeflate]
 */
async function serve(tls, onConnection, perMessageDeflate = false) {
  const { WebSocketServer } = await import("ws");
  const https = tls === undefined ? undefined : createServer(tls);
  const where = { port: 0, host: "127.0.0.1" };
  const server = new WebSocketServer({ ...(https === undefined ? where : { server: https }), perMessageDeflate });
  server.on("connection", onConnection);
  https?.listen(where);
  await once(server, "listening");
  return { port: server.address().port };
}

/** @param {boolean} [perMessageDeflate] */
function serveEcho(tls, perMessageDeflate) {
  const onConnection = (/** @type {import("ws").WebSocket} */ socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  };
  return serve(tls, onConnection, perMessageDeflate);
}

/** @param {boolean} [perMessageDeflate] */
function serveBroadcast(tls, perMessageDeflate) {
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
}

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "ws",
  title: "ws",
  command: nodeCommand,
  async versions() {
    const { default: bufferUtil } = await import("bufferutil");
    // bufferutil falls back to JavaScript by itself where its prebuilt binary does not fit, and ws would be slower.
    const isNative = Function.prototype.toString.call(bufferUtil.mask).includes("[native code]");
    // Where Node has a masking of its own, ws takes that.
    const masking = http.websocketMask !== undefined ? "by Node" : isNative ? "native" : "JavaScript";
    return { ...(await packageVersions("ws", "bufferutil")), masking };
  },
  serve: {
    echo: (tls) => serveEcho(tls),
    broadcast: (tls) => serveBroadcast(tls),
    compressedEcho: (tls) => serveEcho(tls, true),
    compressedBroadcast: (tls) => serveBroadcast(tls, true),
  },
  async connect(url, connections) {
    const { WebSocket } = await import("ws");
    for (let index = 0; index < connections; index++) {
      const socket = new WebSocket(url);
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      await once(socket, "open");
    }
  },
};

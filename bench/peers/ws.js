import { once } from "node:events";
import { nodeCommand, packageVersions } from "../lib/peer.js";

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "ws",
  command: nodeCommand,
  async versions() {
    const { default: bufferUtil } = await import("bufferutil");
    // bufferutil falls back to JavaScript by itself where its prebuilt binary does not fit, and ws would be slower.
    const isNative = Function.prototype.toString.call(bufferUtil.mask).includes("[native code]");
    return { ...(await packageVersions("ws", "bufferutil")), masking: isNative ? "native" : "JavaScript" };
  },
  serve: {
    async echo() {
      const { WebSocketServer } = await import("ws");
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      server.on("connection", (socket) => {
        socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      });
      await once(server, "listening");
      return { port: server.address().port };
    },
  },
};

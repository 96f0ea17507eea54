import { once } from "node:events";
import * as http from "node:http";
import { nodeCommand, packageVersions } from "../lib/peer.js";
import { wsServers } from "../lib/ws-program.js";

const { echo, broadcast } = wsServers(() => import("ws"));

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
    echo: (tls) => echo(tls),
    broadcast: (tls) => broadcast(tls),
    compressedEcho: (tls) => echo(tls, true),
    compressedBroadcast: (tls) => broadcast(tls, true),
    dropInEcho: (tls) => echo(tls),
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

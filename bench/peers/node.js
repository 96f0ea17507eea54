import { nodeCommand } from "../lib/peer.js";
import { connectWhatwg } from "../lib/whatwg-client.js";

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "node",
  title: "Node's WebSocket",
  command: nodeCommand,
  async versions() {
    if (globalThis.WebSocket === undefined) throw new Error(`Node ${process.version} has no WebSocket client`);
    return { node: process.version, undici: process.versions.undici };
  },
  connect: (url, connections) => connectWhatwg(globalThis.WebSocket, url, connections),
};

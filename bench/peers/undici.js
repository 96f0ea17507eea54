import { nodeCommand, packageVersions } from "../lib/peer.js";
import { connectWhatwg } from "../lib/whatwg-client.js";

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "undici",
  title: "undici",
  command: nodeCommand,
  versions: () => packageVersions("undici"),
  async connect(url, connections) {
    const { WebSocket: UndiciWebSocket } = await import("undici");
    return connectWhatwg(UndiciWebSocket, url, connections);
  },
};

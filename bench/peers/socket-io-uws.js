import { nodeCommand, packageVersions } from "../lib/peer.js";
import { serveSocketIoOverUws } from "../lib/realtime-servers.js";
import { importUws, uwsPackage } from "./uws.js";

/**
 * Socket.IO with a server in C++.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  name: "socket.io-uws",
  title: "Socket.IO on uWebSockets.js",
  command: nodeCommand,
  async versions() {
    await importUws();
    return packageVersions("socket.io", uwsPackage);
  },
  serve: { rooms: async (_tls, { messageBytes }) => serveSocketIoOverUws(await importUws(), messageBytes) },
};

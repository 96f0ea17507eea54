import { nodeCommand, packageVersions } from "../lib/peer.js";
import { serveSocketIo } from "../lib/realtime-servers.js";

/**
 * Socket.IO as it is installed.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  name: "socket.io",
  title: "Socket.IO",
  command: nodeCommand,
  // It is not there unless somebody installs it.
  environment: { WS_NO_BUFFER_UTIL: "1", WS_NO_UTF_8_VALIDATE: "1" },
  versions: () => packageVersions("socket.io"),
  serve: { rooms: (_tls, { messageBytes }) => serveSocketIo(messageBytes) },
};

import { nodeCommand, packageVersions } from "../lib/peer.js";
import { serveSocketIo } from "../lib/realtime-servers.js";

/**
 * Socket.IO as its page on performance advises: native companions of `ws`, WebSocket alone, no compression, and the
 * request of each connection not kept.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  name: "socket.io-tuned",
  title: "Socket.IO, tuned",
  command: nodeCommand,
  versions: () => packageVersions("socket.io", "bufferutil"),
  serve: {
    rooms: (_tls, { messageBytes }) =>
      serveSocketIo(messageBytes, {
        options: { transports: ["websocket"], perMessageDeflate: false, httpCompression: false, serveClient: false },
        keepsRequests: false,
      }),
  },
};

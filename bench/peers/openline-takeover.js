import { peer as openline, serveBroadcast, serveEcho } from "./openline.js";

// As zlib does by default, and ws with it.
const perMessageDeflate = { serverNoContextTakeover: false, serverMaxWindowBits: 15, level: 6 };

/**
 * The same with the longest window kept for each connection.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  ...openline,
  name: "openline-takeover",
  title: "openline, 32 KiB window",
  serve: {
    compressedEcho: (tls) => serveEcho(tls, { perMessageDeflate }),
    compressedBroadcast: (tls) => serveBroadcast(tls, { perMessageDeflate }),
  },
  connect: undefined,
};

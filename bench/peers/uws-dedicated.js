import { serveBroadcast, serveEcho, peer as uws } from "./uws.js";

const dedicated = ["DEDICATED_COMPRESSOR_32KB", "DEDICATED_DECOMPRESSOR"];

/**
 * The same with a compressor and a decompressor for each connection, which keep a window.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  ...uws,
  name: "uws-dedicated",
  title: "uWebSockets.js, dedicated",
  serve: {
    compressedEcho: (tls) => serveEcho(tls, dedicated),
    compressedBroadcast: (tls) => serveBroadcast(tls, dedicated),
  },
};

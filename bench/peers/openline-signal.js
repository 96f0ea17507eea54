import { serveOpenline } from "../lib/realtime-servers.js";
import { peer as openline } from "./openline.js";

/**
 * Rooms that keep nothing, as those of Socket.IO.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  ...openline,
  name: "openline-signal",
  title: "openline, signals",
  connect: undefined,
  serve: { rooms: (_tls, { messageBytes }) => serveOpenline("signal", messageBytes) },
};

import { nodeCommand, packageVersions } from "../lib/peer.js";
import { wsServers } from "../lib/ws-program.js";

const { echo } = wsServers(() => import("openline/ws"));

/**
 * The program for `ws`, with one import changed.
 *
 * @type {import("../lib/peer.js").Peer}
 */
export const peer = {
  name: "openline-ws",
  title: "openline/ws",
  command: nodeCommand,
  versions: () => packageVersions("openline"),
  serve: { dropInEcho: (tls) => echo(tls) },
};

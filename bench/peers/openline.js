import { nodeCommand, packageVersions } from "../lib/peer.js";

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "openline",
  command: nodeCommand,
  versions: () => packageVersions("openline"),
  serve: {
    async echo() {
      const { serve } = await import("openline");
      return serve({ port: 0, host: "127.0.0.1", message: (socket, message) => void socket.send(message) });
    },
  },
};

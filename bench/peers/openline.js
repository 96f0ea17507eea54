import { nodeCommand, packageVersions } from "../lib/peer.js";

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "openline",
  title: "openline",
  command: nodeCommand,
  async versions() {
    const { serve } = await import("openline");
    const server = await serve({ port: 0, host: "127.0.0.1", message: () => undefined });
    await server.close();
    return { ...(await packageVersions("openline")), transport: server.transport };
  },
  async lacks() {
    const { serve } = await import("openline");
    const server = await serve({ noServer: true, message: () => undefined });
    await server.close();
    return typeof server.publish === "function" ? {} : { broadcast: "this version has no topics" };
  },
  serve: {
    async echo(tls) {
      const { serve } = await import("openline");
      return serve({ port: 0, host: "127.0.0.1", tls, message: (socket, message) => void socket.send(message) });
    },
    async broadcast(tls) {
      const { serve } = await import("openline");
      const server = await serve({
        port: 0,
        host: "127.0.0.1",
        tls,
        accept: (request) => ({ data: new URL(request.url).pathname }),
        open(socket) {
          if (socket.data !== "/subscribe") return;
          socket.subscribe("news");
          socket.send("subscribed");
        },
        message: (_socket, message) => void server.publish("news", message),
      });
      return server;
    },
  },
  async connect(url, connections) {
    const { connect } = await import("openline");
    for (let index = 0; index < connections; index++) {
      await connect(url, { message: (socket, message) => void socket.send(message) });
    }
  },
};

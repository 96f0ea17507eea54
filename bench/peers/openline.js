import { nodeCommand, packageVersions } from "../lib/peer.js";
import { serveOpenline } from "../lib/realtime-servers.js";

const where = { port: 0, host: "127.0.0.1" };

/** @param {object} [options] of `serve`, besides */
export async function serveEcho(tls, options = {}) {
  const { serve } = await import("openline");
  return serve({ ...where, tls, ...options, message: (socket, message) => void socket.send(message) });
}

/** @param {object} [options] of `serve`, besides */
export async function serveBroadcast(tls, options = {}) {
  const { serve } = await import("openline");
  const server = await serve({
    ...where,
    tls,
    ...options,
    accept: (request) => ({ data: new URL(request.url).pathname }),
    open(socket) {
      if (socket.data !== "/subscribe") return;
      socket.subscribe("news");
      socket.send("subscribed");
    },
    message: (_socket, message) => void server.publish("news", message),
  });
  return server;
}

/** Whether the two ends of a connection agree on permessage-deflate by themselves. */
async function compresses() {
  const { connect } = await import("openline");
  const server = await serveEcho(undefined);
  const socket = await connect(`ws://127.0.0.1:${server.port}`);
  const { extensions = "" } = socket;
  await socket.close();
  await server.close();
  return extensions.includes("permessage-deflate");
}

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "openline",
  title: "openline",
  command: nodeCommand,
  async versions() {
    const server = await serveEcho(undefined);
    await server.close();
    return { ...(await packageVersions("openline")), transport: server.transport };
  },
  async lacks() {
    const { serve } = await import("openline");
    const server = await serve({ noServer: true, message: () => undefined });
    await server.close();
    const noTopics = "this version has no topics";
    const noCompression = "this version does not compress";
    return {
      ...(typeof server.publish === "function" ? {} : { broadcast: noTopics, compressedBroadcast: noTopics }),
      ...((await compresses()) ? {} : { compressedEcho: noCompression, compressedBroadcast: noCompression }),
    };
  },
  serve: {
    echo: (tls) => serveEcho(tls),
    broadcast: (tls) => serveBroadcast(tls),
    compressedEcho: (tls) => serveEcho(tls),
    compressedBroadcast: (tls) => serveBroadcast(tls),
    rooms: (_tls, { messageBytes }) => serveOpenline("log", messageBytes),
  },
  async connect(url, connections) {
    const { connect } = await import("openline");
    for (let index = 0; index < connections; index++) {
      await connect(url, { message: (socket, message) => void socket.send(message) });
    }
  },
};

import { existsSync } from "node:fs";
import { nodeCommand, packageFile, packageVersions } from "../lib/peer.js";

export const uwsPackage = "@trufflesuite/uws-js-unofficial";

/** The package falls back to JavaScript by itself, which is another server, where it has no binary for this Node. */
function requireBinary() {
  const { platform, arch, versions } = process;
  const binary = packageFile(uwsPackage, `binaries/uws_${platform}_${arch}_${versions.modules}.node`);
  if (!existsSync(binary)) throw new Error(`it has no binary for Node ${process.version} on ${platform} ${arch}`);
}

/** @throws where it has no binary for this Node */
export async function importUws() {
  requireBinary();
  return (await import(uwsPackage)).default;
}

/**
 * @param {import("../lib/peer.js").Tls | undefined} tls
 * @param {(app: any) => any} createBehavior the handlers
 * @param {readonly string[]} compression the names of its constants for it
 */
async function serve(tls, createBehavior, compression) {
  const uws = await importUws();
  const app = tls === undefined ? uws.App() : uws.SSLApp({ key_file_name: tls.keyFile, cert_file_name: tls.certFile });
  app.ws("/*", {
    compression: compression.reduce((chosen, name) => chosen | uws[name], uws.DISABLED),
    idleTimeout: 0,
    // Its defaults are 16 KiB and 64 KiB: larger messages would end the connection, or be dropped.
    maxPayloadLength: 16 * 1024 * 1024,
    maxBackpressure: 16 * 1024 * 1024,
    ...createBehavior(app),
  });
  return new Promise((resolve, reject) => {
    app.listen("127.0.0.1", 0, (listening) => {
      if (listening) resolve({ port: uws.us_socket_local_port(listening) });
      else reject(new Error("no port to listen on"));
    });
  });
}

const shared = ["SHARED_COMPRESSOR", "SHARED_DECOMPRESSOR"];

/** @param {readonly string[]} [compression] the names of its constants for it */
export function serveEcho(tls, compression = []) {
  const compress = compression.length > 0;
  const message = (socket, octets, isBinary) => void socket.send(octets, isBinary, compress);
  return serve(tls, () => ({ message }), compression);
}

/** @param {readonly string[]} [compression] the names of its constants for it */
export function serveBroadcast(tls, compression = []) {
  const compress = compression.length > 0;
  const createBehavior = (app) => ({
    upgrade(response, request, context) {
      response.upgrade(
        { path: request.getUrl() },
        request.getHeader("sec-websocket-key"),
        request.getHeader("sec-websocket-protocol"),
        request.getHeader("sec-websocket-extensions"),
        context,
      );
    },
    open(socket) {
      if (socket.getUserData().path !== "/subscribe") return;
      socket.subscribe("news");
      socket.send("subscribed");
    },
    message: (_socket, octets, isBinary) => void app.publish("news", octets, isBinary, compress),
  });
  return serve(tls, createBehavior, compression);
}

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "uws",
  title: "uWebSockets.js",
  command: nodeCommand,
  async versions() {
    requireBinary();
    return packageVersions(uwsPackage);
  },
  serve: {
    echo: (tls) => serveEcho(tls),
    broadcast: (tls) => serveBroadcast(tls),
    compressedEcho: (tls) => serveEcho(tls, shared),
    compressedBroadcast: (tls) => serveBroadcast(tls, shared),
  },
};

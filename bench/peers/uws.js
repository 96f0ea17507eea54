import { existsSync } from "node:fs";
import { nodeCommand, packageFile, packageVersions } from "../lib/peer.js";

const packageName = "@trufflesuite/uws-js-unofficial";

/** The package falls back to JavaScript by itself, which is another server, where it has no binary for this Node. */
function requireBinary() {
  const { platform, arch, versions } = process;
  const binary = packageFile(packageName, `binaries/uws_${platform}_${arch}_${versions.modules}.node`);
  if (!existsSync(binary)) throw new Error(`it has no binary for Node ${process.version} on ${platform} ${arch}`);
}

/**
 * @param {import("../lib/peer.js").Tls | undefined} tls
 * @param {(app: any) => any} createBehavior the handlers
 */
async function serve(tls, createBehavior) {
  requireBinary();
  const { default: uws } = await import(packageName);
  const app = tls === undefined ? uws.App() : uws.SSLApp({ key_file_name: tls.keyFile, cert_file_name: tls.certFile });
  app.ws("/*", {
    compression: uws.DISABLED,
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

/** @type {import("../lib/peer.js").Peer} */
export const peer = {
  name: "uws",
  title: "uWebSockets.js",
  command: nodeCommand,
  async versions() {
    requireBinary();
    return packageVersions(packageName);
  },
  serve: {
    echo: (tls) => serve(tls, () => ({ message: (socket, message, isBinary) => void socket.send(message, isBinary) })),
    broadcast: (tls) =>
      serve(tls, (app) => ({
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
        message: (_socket, message, isBinary) => void app.publish("news", message, isBinary),
      })),
  },
};

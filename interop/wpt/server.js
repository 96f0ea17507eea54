/**
 * The server that the tests talk to: files of a checkout over HTTP, and a WebSocket handler for each path that they
 * use. It does what the handlers in `websockets/handlers/` of web-platform-tests are described to do, on openline's own
 * server; what breaks the protocol is written by hand.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { serve } from "openline";
import { testOnlyCertificate, testOnlyKey } from "../../build/tests/support/test-only-certificate.js";
import { handlers, plainHandlers, rawHandlers } from "./handlers.js";

/** @typedef {{ readonly ws: number, readonly wss: number, close(): Promise<void> }} TestServer */

/**
 * @param {string} pathname
 * @returns {string}
 */
function nameOf(pathname) {
  return pathname.slice(1).replaceAll("-", "_");
}

/** @param {Record<string, import("./handlers.js").Handler>} table @param {boolean} perMessageDeflate */
function webSocketServer(table, perMessageDeflate) {
  return serve({
    noServer: true,
    origins: "*",
    perMessageDeflate,
    // One page sends 20 MiB to a server that closes, and has to be read on.
    limits: { maxMessageBytes: 2 ** 26, maxFrameBytes: 2 ** 26, maxBufferedBytes: 2 ** 27 },
    accept: async (request) => {
      const url = new URL(request.url);
      const handler = table[nameOf(url.pathname)];
      const accepted = (await handler.accept?.(request, url)) ?? {};
      return accepted instanceof Response ? accepted : { ...accepted, data: { handler, request, url } };
    },
    open: (socket) => socket.data.handler.open?.(socket, socket.data),
    message: (socket, message) => socket.data.handler.message?.(socket, message),
    error: (error) => console.error("the test server:", error),
  });
}

/** @returns {Promise<TestServer>} */
export async function startTestServer() {
  const servers = { usual: await webSocketServer(handlers, true), plain: await webSocketServer(plainHandlers, false) };
  /** @type {Map<string | null, string | null>} */
  const stash = new Map();
  /** @type {Set<import("node:stream").Duplex>} */
  const connections = new Set();
  const upgrade = (request, socket, head) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => undefined);
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    // Some tests ask afterwards whether anybody has come.
    if (pathname.endsWith("/stash-put.py")) stash.set(searchParams.get("key"), searchParams.get("value"));
    const name = nameOf(pathname);
    if (Object.hasOwn(rawHandlers, name)) rawHandlers[name](request, socket, head);
    else if (Object.hasOwn(plainHandlers, name)) servers.plain.handleUpgrade(request, socket, head);
    else if (Object.hasOwn(handlers, name)) servers.usual.handleUpgrade(request, socket, head);
    else socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  };
  const refuse = ({ url }, response) => {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    if (pathname.endsWith("/stash-take.py")) response.end(JSON.stringify(stash.get(searchParams.get("key")) ?? null));
    else response.writeHead(404).end();
  };
  const http = createHttpServer(refuse).on("upgrade", upgrade);
  const https = createHttpsServer({ key: testOnlyKey, cert: testOnlyCertificate }, refuse).on("upgrade", upgrade);
  for (const server of [http, https]) await once(server.listen(0), "listening");
  return {
    ws: http.address().port,
    wss: https.address().port,
    close: async () => {
      for (const connection of connections) connection.destroy();
      for (const server of Object.values(servers)) await server.close();
      for (const server of [http, https]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

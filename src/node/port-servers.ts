/**
 * The servers behind a port of our own: of HTTP/1.1, and of HTTP/2 where that is spoken.
 */
import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { Http2SecureServer, Http2Server, ServerHttp2Stream } from "node:http2";
import { createServer as createHttp2Server, createSecureServer as createSecureHttp2Server } from "node:http2";
import type { Server as HttpsServer, ServerOptions as HttpsServerOptions } from "node:https";
import { createServer as createHttpsServer } from "node:https";
import type { Limits } from "../protocol/index.js";
import type { Entrance, ResolvedServerOptions } from "../server/index.js";
import { sessionMemoryMiB } from "../transport/node/index.js";
import type { ResolvedHttp2Options } from "./http2-sessions.js";

/** What the servers of a port are made of. */
export interface PortServersOptions {
  readonly tls: HttpsServerOptions | undefined;
  readonly request: RequestListener | undefined;
  /** Undefined where HTTP/2 is not to be spoken. */
  readonly http2: ResolvedHttp2Options | undefined;
  readonly resolved: ResolvedServerOptions;
}

/** See the head of this file. */
export interface PortServers {
  /** The server that listens. */
  readonly http: HttpServer | HttpsServer;
  /** The server of HTTP/2: over TLS the same, in clear text one that is given its connections. */
  readonly http2: Http2Server | Http2SecureServer | undefined;
}

/**
 * Whoever takes some ordinary requests.
 *
 * @param entrance lets connections in that are no WebSockets
 * @returns whether it takes this one, and answers it
 */
export type TakeRequest = (request: IncomingMessage, response: ServerResponse, entrance: Entrance) => boolean;

// RFC 9110 §15.5.6. There is no 426 without the Upgrade field, which HTTP/2 has not.
const methodNotAllowed = 405;
// Node's default of requestTimeout.
const nodeRequestTimeoutMs = 300_000;
// What Node's own option of this name takes at most.
const maxMaxHeadersCount = 2 ** 30 - 1;

/** The servers of a port: over TLS one that speaks both versions of HTTP, in clear text one for each. */
export function createServers(options: PortServersOptions): PortServers {
  const { tls, request, resolved, http2 } = options;
  const { limits } = resolved;
  // To Node, 0 means as long as they like.
  const handshakeTimeoutMs = Math.max(1, resolved.handshakeTimeoutMs);
  const settings = {
    // A peer that is slow with its request head is in its handshake already.
    headersTimeout: handshakeTimeoutMs,
    // Of an application's requests the bodies have the time that Node gives them, which must not be less than the head's.
    requestTimeout: request === undefined ? handshakeTimeoutMs : Math.max(nodeRequestTimeoutMs, handshakeTimeoutMs),
    // Node looks every 30 s otherwise, whatever the timeouts are.
    connectionsCheckingInterval: Math.min(1000, handshakeTimeoutMs),
    maxHeaderSize: limits.maxHeaderBytes,
  };
  const listener = request ?? refuseOrdinaryRequest;
  // As HTTP servers have it: a peer that has ended its side may still be answered.
  const secure = { ...tls, ...settings, handshakeTimeout: handshakeTimeoutMs, allowHalfOpen: true };
  let http: HttpServer | HttpsServer;
  let secondVersion: Http2Server | Http2SecureServer | undefined;
  if (http2 === undefined) {
    http = tls === undefined ? createHttpServer(settings, listener) : createHttpsServer(secure, listener);
  } else if (tls === undefined) {
    http = createHttpServer(settings, listener);
    secondVersion = createHttp2Server(http2Settings(http2, limits));
  } else {
    secondVersion = createSecureHttp2Server({ ...secure, ...http2Settings(http2, limits), allowHTTP1: true });
    // It has what an HTTPS server has, for the connections that speak HTTP/1.1.
    http = secondVersion as unknown as HttpsServer;
  }
  // One more than are allowed, so that those who send too many are told so by us on every version of Node.
  http.maxHeadersCount = Math.min(limits.maxHeaderCount + 1, maxMaxHeadersCount);
  if (secondVersion !== undefined) answerOrdinaryRequests(secondVersion, http, request);
  return { http, http2: secondVersion };
}

function http2Settings({ maxStreamsPerSession, streamWindowBytes }: ResolvedHttp2Options, limits: Limits) {
  // RFC 9113 §6.5.2 counts 32 octets for each field beside its own.
  const maxHeaderListSize = Math.min(limits.maxHeaderBytes + 32 * limits.maxHeaderCount, 2 ** 32 - 1);
  return {
    settings: {
      // RFC 8441 §3.
      enableConnectProtocol: true,
      maxConcurrentStreams: maxStreamsPerSession,
      maxHeaderListSize,
      initialWindowSize: streamWindowBytes,
    },
    maxSessionMemory: sessionMemoryMiB,
    // As many as that size has room for, with the pseudo-header fields: Node resets the stream of one that has more fields,
    // where we tell who sends too many that it is too many.
    maxHeaderListPairs: Math.min(Math.ceil(maxHeaderListSize / 32) + 6, maxMaxHeadersCount),
  };
}

/** Ordinary requests over HTTP/2 go where those over HTTP/1.1 go. */
function answerOrdinaryRequests(
  http2: Http2Server | Http2SecureServer,
  http: HttpServer | HttpsServer,
  request: RequestListener | undefined,
): void {
  if (request === undefined && (http2 as unknown) === http) {
    http.on("request", refuseOrdinaryRequest);
    // That is for HTTP/1.1. Where somebody listens, Node makes a request and a response of every stream, too.
    http2.removeAllListeners("stream");
  }
  if (request !== undefined) {
    // Node's compatible request and response have what a listener for HTTP/1.1 knows.
    http2.on("request", request as unknown as () => void);
    return;
  }
  http2.on("stream", (stream: ServerHttp2Stream, headers) => {
    if (headers[":method"] === "CONNECT") return;
    stream.respond({ ":status": methodNotAllowed, allow: "CONNECT", "content-type": "text/plain" });
    stream.end("This port speaks WebSocket.\n");
  });
}

/** RFC 9110 §15.5.22: 426 tells which protocol this port speaks. */
export const refuseOrdinaryRequest: RequestListener = (request, response) => {
  if (request.httpVersionMajor === 2) {
    response.writeHead(methodNotAllowed, { Allow: "CONNECT", "Content-Type": "text/plain" });
    response.end("This port speaks WebSocket.\n");
    return;
  }
  response.writeHead(426, { Upgrade: "websocket", Connection: "Upgrade, close", "Content-Type": "text/plain" });
  response.end("This port speaks WebSocket.\n");
};

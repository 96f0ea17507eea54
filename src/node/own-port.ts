/**
 * A port of our own: an HTTP server that listens there, and, over the handle transport, the door before it, which lets
 * upgrades in without it.
 */
import type { Server as HttpServer, RequestListener } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { Server as HttpsServer, ServerOptions as HttpsServerOptions } from "node:https";
import { createServer as createHttpsServer } from "node:https";
import type { Socket as TcpSocket } from "node:net";
import type { HandshakeRequest } from "../protocol/index.js";
import type { ResolvedServerOptions } from "../server/index.js";
import type { ByteStream, Deadline } from "../transport/index.js";
import type { HandleTransport } from "../transport/node/index.js";
import { Door, nodePlatform } from "../transport/node/index.js";
import { ConnectionDeadlines } from "./connection-deadlines.js";

/** What is needed for a port. */
export interface OwnPortOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly tls: HttpsServerOptions | undefined;
  readonly request: RequestListener | undefined;
  readonly resolved: ResolvedServerOptions;
  readonly handles: HandleTransport | undefined;
  /** Takes upgrade requests that came by the door. */
  readonly upgrade: (request: HandshakeRequest, stream: ByteStream, deadline: Deadline) => void;
  /** Answers a peer that was too slow with its request. */
  readonly timedOut: (stream: ByteStream) => void;
  /** A connection could not be accepted. */
  readonly failed: (error: Error) => void;
}

// Node's default of requestTimeout.
const nodeRequestTimeoutMs = 300_000;
// What Node's own option of this name takes at most.
const maxMaxHeadersCount = 2 ** 30 - 1;

/** See the head of this file. */
export class OwnPort {
  /** The server that listens; it emits `upgrade` for what did not come by the door. */
  readonly http: HttpServer | HttpsServer;
  readonly #options: OwnPortOptions;
  readonly #door: Door | undefined;
  readonly #tcpSockets = new Set<TcpSocket>();
  /** The time that is left of the handshakes that did not come by the door. */
  readonly deadlines: ConnectionDeadlines;

  constructor(options: OwnPortOptions) {
    this.#options = options;
    this.http = createServer(options);
    this.deadlines = new ConnectionDeadlines(nodePlatform.deadlines, options.resolved.handshakeTimeoutMs);
    this.#door = this.#createDoor();
  }

  #createDoor(): Door | undefined {
    const { handles, tls, resolved, upgrade, timedOut, failed } = this.#options;
    // With TLS, the handshake is what a connection costs: there is nothing to be saved.
    if (handles?.accepts !== true || tls !== undefined) return undefined;
    return new Door(handles, {
      http: this.http,
      limits: resolved.limits,
      text: nodePlatform.text,
      deadlines: nodePlatform.deadlines,
      handshakeTimeoutMs: resolved.handshakeTimeoutMs,
      upgrade,
      handedOver: (socket, deadline) => this.deadlines.begin(socket, deadline),
      timedOut,
      failed,
    });
  }

  /** Keeps in mind every TCP connection: those in their TLS handshake are known to nobody else. */
  readonly #onConnection = (socket: TcpSocket): void => {
    this.#tcpSockets.add(socket);
    socket.once("close", () => this.#tcpSockets.delete(socket));
  };

  /** Listens, or rejects with the system's error. */
  async listen(): Promise<void> {
    const { http } = this;
    const { port, host } = this.#options;
    http.on("connection", this.#onConnection);
    this.deadlines.watch(http);
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen({ port, host }, () => {
        http.removeListener("error", reject);
        // From here on an error is one of accepting, and no reason to end the process.
        http.on("error", this.#options.failed);
        this.#door?.open();
        resolve();
      });
    });
  }

  /**
   * Stops listening.
   *
   * @param socketsGone when the WebSockets are gone; other connections end with them, ordinary requests under way have
   *   `closeTimeoutMs` from then on
   */
  async close(socketsGone: Promise<unknown>): Promise<void> {
    const { http } = this;
    const portFree = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeIdleConnections();
    this.#door?.close();
    await socketsGone;
    // Those whose requests have been answered meanwhile would stay for as long as they are kept alive.
    http.closeIdleConnections();
    if (this.#options.request === undefined) this.cut();
    const timer = nodePlatform.deadlines.setTimer(() => this.cut(), this.#options.resolved.closeTimeoutMs);
    await portFree;
    timer.cancel();
  }

  /** Cuts what is left beside the WebSockets: ordinary requests under way, and connections that were handed over. */
  cut(): void {
    for (const socket of this.#tcpSockets) socket.destroy();
  }
}

function createServer({ tls, request, resolved }: OwnPortOptions): HttpServer | HttpsServer {
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
  const server =
    tls === undefined
      ? createHttpServer(settings, listener)
      : createHttpsServer(
          // As HTTP servers have it: a peer that has ended its side may still be answered.
          { ...tls, ...settings, handshakeTimeout: handshakeTimeoutMs, allowHalfOpen: true },
          listener,
        );
  // One more than are allowed, so that those who send too many are told so by us on every version of Node.
  server.maxHeadersCount = Math.min(limits.maxHeaderCount + 1, maxMaxHeadersCount);
  return server;
}

/** RFC 9110 §15.5.22: 426 tells which protocol this port speaks. */
const refuseOrdinaryRequest: RequestListener = (_request, response) => {
  response.writeHead(426, { Upgrade: "websocket", Connection: "Upgrade, close", "Content-Type": "text/plain" });
  response.end("This port speaks WebSocket.\n");
};

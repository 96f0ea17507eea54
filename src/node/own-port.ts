/**
 * A port of our own: an HTTP server that listens there, and, over the handle transport, the door before it, which lets
 * upgrades in without it.
 */
import type { Server as HttpServer } from "node:http";
import type { Http2SecureServer, Http2Server, Http2Session } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Socket as TcpSocket } from "node:net";
import type { HandshakeRequest } from "../protocol/index.js";
import type { ByteStream, Deadline } from "../transport/index.js";
import type { HandleTransport } from "../transport/node/index.js";
import { Door, nodePlatform, splitConnections } from "../transport/node/index.js";
import { ConnectionDeadlines } from "./connection-deadlines.js";
import type { ResolvedHttp2Options } from "./http2-sessions.js";
import { Http2Sessions } from "./http2-sessions.js";
import type { PortServersOptions } from "./port-servers.js";
import { createServers } from "./port-servers.js";

/** What is needed for a port. */
export interface OwnPortOptions extends PortServersOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly handles: HandleTransport | undefined;
  /** Takes upgrade requests that came by the door. */
  readonly upgrade: (request: HandshakeRequest, stream: ByteStream, deadline: Deadline) => void;
  /** Answers a peer that was too slow with its request. */
  readonly timedOut: (stream: ByteStream) => void;
  /** A connection could not be accepted. */
  readonly failed: (error: Error) => void;
}

/** See the head of this file. */
export class OwnPort {
  /** The server that listens; it emits `upgrade` for what did not come by the door. */
  readonly http: HttpServer | HttpsServer;
  /** The server of HTTP/2, where that is spoken: over TLS, the same. */
  readonly http2: Http2Server | Http2SecureServer | undefined;
  readonly #sessions: Http2Sessions | undefined;
  readonly #options: OwnPortOptions;
  readonly #door: Door | undefined;
  readonly #tcpSockets = new Set<TcpSocket>();
  /** The time that is left of the handshakes that did not come by the door. */
  readonly deadlines: ConnectionDeadlines;

  constructor(options: OwnPortOptions) {
    this.#options = options;
    const servers = createServers(options);
    this.http = servers.http;
    this.http2 = servers.http2;
    this.deadlines = new ConnectionDeadlines(nodePlatform.deadlines, options.resolved.handshakeTimeoutMs);
    if (this.http2 !== undefined && options.http2 !== undefined)
      this.#sessions = this.#keepSessions(this.http2, options.http2);
    this.#door = this.#createDoor();
  }

  #keepSessions(http2: Http2Server | Http2SecureServer, options: ResolvedHttp2Options): Http2Sessions {
    if ((http2 as unknown) !== this.http) splitConnections(this.http, http2);
    const { deadlines } = nodePlatform;
    const { handshakeTimeoutMs } = this.#options.resolved;
    const deadlineOf = ({ socket }: Http2Session): Deadline | undefined => this.deadlines.takeFrom(socket);
    return new Http2Sessions(http2, { ...options, deadlines, handshakeTimeoutMs, deadlineOf });
  }

  /** What is left of the handshake's time for the first stream of a session of HTTP/2; undefined for all others. */
  takeDeadline(session: Http2Session | undefined): Deadline | undefined {
    return session === undefined ? undefined : this.#sessions?.takeDeadline(session);
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
    this.#sessions?.close();
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

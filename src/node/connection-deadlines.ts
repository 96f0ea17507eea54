/**
 * How long the connections of an HTTP server may take to say what they want: a time that begins with the connection,
 * goes through the handshake of TLS and the head of the first request, and is handed on with an upgrade, or to a session of
 * HTTP/2.
 *
 * Node's own timeouts, which stay as they are, begin anew with each of these.
 */
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Server as TlsServer } from "node:tls";
import type { Deadlines } from "../transport/index.js";
import { Deadline } from "../transport/index.js";

// RFC 9110 §15.5.9. What Node answers, too.
const requestTimeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** See the head of this file. */
export class ConnectionDeadlines {
  readonly #deadlines: Deadlines;
  readonly #handshakeTimeoutMs: number;
  readonly #running = new Map<TcpSocket, Deadline>();
  /** Their sockets, by the peer's end: over TLS the encrypted socket is another one, and a session of HTTP/2 shows none. */
  readonly #sockets = new Map<string, TcpSocket>();

  constructor(deadlines: Deadlines, handshakeTimeoutMs: number) {
    this.#deadlines = deadlines;
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
  }

  /** Looks after the connections of a server. */
  watch(http: HttpServer | HttpsServer): void {
    const isTls = http instanceof TlsServer;
    http.on("connection", (socket: TcpSocket) => {
      if (isTls) this.#beginTls(socket);
      else this.begin(socket, this.#start());
    });
    if (isTls) http.on("secureConnection", (socket) => this.#secured(socket));
    // An ordinary request has the application's time.
    http.on("request", ({ socket }) => this.take(socket)?.cancel());
  }

  #start(): Deadline {
    return new Deadline(this.#deadlines, this.#handshakeTimeoutMs, () => undefined);
  }

  /** Gives a connection this much time, instead of what it had. */
  begin(socket: TcpSocket, deadline: Deadline): void {
    this.#set(socket, deadline, () => socket.end(requestTimeout, () => socket.destroy()));
  }

  /** Takes away what is left of a connection's time; undefined where there is none any more. */
  take(socket: TcpSocket): Deadline | undefined {
    const deadline = this.#running.get(socket);
    this.#running.delete(socket);
    return deadline;
  }

  /** As `take`, for whoever has not the socket that it began with: a session of HTTP/2, or TLS. */
  takeFrom(peer: PeerEnd): Deadline | undefined {
    const end = textOf(peer);
    const socket = end === undefined ? undefined : this.#sockets.get(end);
    return socket === undefined ? undefined : this.take(socket);
  }

  #set(socket: TcpSocket, deadline: Deadline, cut: () => void): void {
    this.take(socket)?.cancel();
    if (socket.destroyed) {
      deadline.cancel();
      return;
    }
    deadline.expired = () => {
      this.#running.delete(socket);
      cut();
    };
    this.#running.set(socket, deadline);
    const end = textOf(socket);
    if (end !== undefined) this.#sockets.set(end, socket);
    socket.once("close", () => {
      this.take(socket)?.cancel();
      if (end !== undefined && this.#sockets.get(end) === socket) this.#sockets.delete(end);
    });
  }

  #beginTls(socket: TcpSocket): void {
    // Without an end it has been reset already.
    if (textOf(socket) !== undefined) this.#set(socket, this.#start(), () => socket.destroy());
  }

  #secured(socket: TLSSocket): void {
    // A session of HTTP/2 has taken it, and goes on with it.
    if (socket.alpnProtocol === "h2") return;
    this.begin(socket, this.takeFrom(socket) ?? this.#start());
  }
}

/** Where a connection comes from; no two that are there at the same time have the same. */
export interface PeerEnd {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

function textOf({ remoteAddress, remotePort }: PeerEnd): string | undefined {
  return remotePort === undefined ? undefined : `${String(remoteAddress)} ${String(remotePort)}`;
}

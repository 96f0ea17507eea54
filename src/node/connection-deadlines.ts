/**
 * How long the connections of an HTTP server may take to say what they want: a time that begins with the connection,
 * goes through the handshake of TLS and the head of the first request, and is handed on with an upgrade.
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
  /** Connections in their TLS handshake, by the peer's end: the encrypted socket is another one. */
  readonly #plainSockets = new Map<string, TcpSocket>();

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
    socket.once("close", () => this.take(socket)?.cancel());
  }

  #beginTls(socket: TcpSocket): void {
    const end = peerEnd(socket);
    // It has been reset already.
    if (end === undefined) return;
    this.#plainSockets.set(end, socket);
    socket.once("close", () => this.#plainSockets.delete(end));
    this.#set(socket, this.#start(), () => socket.destroy());
  }

  #secured(socket: TLSSocket): void {
    const end = peerEnd(socket);
    const plain = end === undefined ? undefined : this.#plainSockets.get(end);
    const deadline = plain === undefined ? undefined : this.take(plain);
    if (socket.alpnProtocol === "h2") {
      // Its session has a time of its own.
      deadline?.cancel();
      return;
    }
    this.begin(socket, deadline ?? this.#start());
  }
}

/** Where a connection comes from; no two that are there at the same time have the same. */
function peerEnd({ remoteAddress, remotePort }: TcpSocket): string | undefined {
  return remotePort === undefined ? undefined : `${String(remoteAddress)} ${String(remotePort)}`;
}

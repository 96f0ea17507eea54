/**
 * `serve()`: a server on Node.
 */

import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { Server as HttpsServer, ServerOptions as HttpsServerOptions } from "node:https";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import { UsageError } from "../protocol/index.js";
import type { PublishResult, ServerOptions, ServerSocket } from "../server/index.js";
import { ServerCore } from "../server/index.js";
import type { PreparedMessage, SendData } from "../socket/index.js";
import type { HandleTransport, TransportOption } from "../transport/node/index.js";
import { chooseTransport, keepFreedMemory, nodePlatform, takeHttpUpgrade } from "../transport/node/index.js";

/** Where connections come from. */
export interface ListenOptions {
  /** The port to listen on; 0 lets the system choose. */
  readonly port?: number;
  /** The address to listen on. Default: all of them. */
  readonly host?: string;
  /** With `port`: certificate and key, as `https.createServer` takes them, to serve `wss:`. */
  readonly tls?: HttpsServerOptions;
  /** Instead of `port`: an HTTP server of yours, whose `upgrade` requests are taken. You start it and close it. */
  readonly server?: HttpServer | HttpsServer;
  /** Instead of `port`: no server at all; give upgrade requests to `handleUpgrade`. */
  readonly noServer?: boolean;
  /**
   * How plain TCP connections reach the kernel. "handle" drives the socket's libuv handle, which is faster and leaves
   * less in memory; "net" goes through `net.Socket`. Default "auto": on a port of our own "handle", where this Node
   * offers it and it passes a self-test, else "net". On an HTTP server of yours others may hold on to the socket, and
   * count it, which ends when its handle is taken away: there it has to be asked for.
   */
  readonly transport?: TransportOption;
}

/** What can be set about a server on Node. */
export interface ServeOptions<Data = undefined> extends ServerOptions<Data>, ListenOptions {}

/** A running server. Iterating over it yields its sockets, where neither `open` nor `message` is given. */
export interface Server<Data = undefined> extends AsyncIterable<ServerSocket<Data>>, AsyncDisposable {
  /** The port it listens on; 0 while there is none. */
  readonly port: number;
  /** Where to connect to, as `ws://` or `wss://`; "" while it listens nowhere. */
  readonly url: string;
  /** How plain TCP connections reach the kernel, see the option of this name. */
  readonly transport: "net" | "handle";
  /** The connections that are open or closing. */
  readonly sockets: ReadonlySet<ServerSocket<Data>>;
  /**
   * Sends a message to every socket that subscribes to a topic. It is framed once for all of them, and what is published
   * during a turn leaves each socket in one write, in order with everything else that is sent on it. A socket for which
   * `maxSendBufferBytes` wait already is closed, or misses the message, as `slowPeer` says; the others do not notice.
   *
   * @param topic any string
   * @param data what `socket.send` takes
   * @param options `except`: a socket that is left out, usually the one that the message came from
   * @returns how many sockets it was sent to, and how many refused it
   * @throws UsageError `invalid-argument`
   */
  publish(
    topic: string,
    data: SendData | PreparedMessage,
    options?: { readonly except?: ServerSocket<Data> | undefined },
  ): PublishResult;
  /** How many sockets subscribe to a topic. */
  subscriberCount(topic: string): number;
  /**
   * Takes an upgrade request, as an HTTP server's `upgrade` event carries it. What is no proper request is answered
   * with its HTTP status.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void;
  /**
   * Stops taking connections, and closes those there are.
   *
   * @param code as for `socket.close`. Default 1001 (going away)
   * @param reason as for `socket.close`. Default none
   * @returns when every connection is gone, and the port is free where it was ours; each has `closeTimeoutMs` at most
   * @throws UsageError as `socket.close` does
   */
  close(code?: number, reason?: string): Promise<void>;
}

/**
 * Starts a WebSocket server (RFC 6455 §4.2).
 *
 * ```ts
 * const server = await serve({ port: 9000, message: (socket, message) => socket.send(message) });
 * ```
 *
 * @param options where connections come from (`port`, `server` or `noServer`), `accept`, handlers and limits
 * @returns the server, once it listens
 * @throws UsageError for options that make no sense; the system's error when the port cannot be had
 */
export async function serve<Data = undefined>(options: ServeOptions<Data>): Promise<Server<Data>> {
  checkSource(options);
  const { transport = options.port === undefined ? "net" : "auto" } = options;
  keepFreedMemory();
  const server = new NodeServer<Data>(options, await chooseTransport(transport));
  await server.listen();
  return server;
}

function checkSource({ port, server, noServer, tls }: ListenOptions): void {
  const sources = Number(port !== undefined) + Number(server !== undefined) + Number(noServer === true);
  if (sources !== 1) {
    throw new UsageError("invalid-argument", sources, undefined, "give exactly one of port, server and noServer");
  }
  if (tls !== undefined && port === undefined) {
    throw new UsageError("invalid-argument", "tls", undefined, "tls goes with port; your own server has its own");
  }
}

class NodeServer<Data> implements Server<Data> {
  readonly #options: ServeOptions<Data>;
  readonly #core: ServerCore<Data>;
  readonly #handles: HandleTransport | undefined;
  /** The HTTP server whose upgrades are taken, ours or the application's. */
  readonly #http: HttpServer | HttpsServer | undefined;
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Uint8Array): void => {
    this.handleUpgrade(request, socket, head);
  };
  readonly #tcpSockets = new Set<TcpSocket>();
  #closing: Promise<void> | undefined;

  constructor(options: ServeOptions<Data>, handles: HandleTransport | undefined) {
    this.#options = options;
    this.#handles = handles;
    this.#core = new ServerCore<Data>(options, nodePlatform);
    this.#http = options.server ?? (options.port === undefined ? undefined : this.#createHttp());
    this.#http?.on("upgrade", this.#onUpgrade);
  }

  #createHttp(): HttpServer | HttpsServer {
    const { handshakeTimeoutMs, limits } = this.#core.options;
    const settings = {
      // A peer that is slow with its request head is in its handshake already.
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      // Node looks every 30 s otherwise, whatever the timeouts are.
      connectionsCheckingInterval: Math.max(1, Math.min(1000, handshakeTimeoutMs)),
      maxHeaderSize: limits.maxHeaderBytes,
    };
    return this.#options.tls === undefined
      ? createHttpServer(settings, refuseOrdinaryRequest)
      : createHttpsServer(
          { ...this.#options.tls, ...settings, handshakeTimeout: handshakeTimeoutMs },
          refuseOrdinaryRequest,
        );
  }

  /** Keeps in mind every TCP connection to a port of ours: those in their TLS handshake are known to nobody else. */
  readonly #onConnection = (socket: TcpSocket): void => {
    this.#tcpSockets.add(socket);
    socket.once("close", () => this.#tcpSockets.delete(socket));
  };

  async listen(): Promise<void> {
    const http = this.#http;
    const { port, host } = this.#options;
    if (http === undefined || port === undefined) return;
    http.on("connection", this.#onConnection);
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen({ port, host }, () => {
        http.removeListener("error", reject);
        resolve();
      });
    });
  }

  get port(): number {
    return this.#address?.port ?? 0;
  }

  get url(): string {
    const address = this.#address;
    if (address === undefined || this.#http === undefined) return "";
    const scheme = "setSecureContext" in this.#http ? "wss" : "ws";
    return `${scheme}://${reachableHost(address)}:${String(address.port)}`;
  }

  get transport(): "net" | "handle" {
    return this.#handles === undefined ? "net" : "handle";
  }

  get sockets(): ReadonlySet<ServerSocket<Data>> {
    return this.#core.sockets;
  }

  publish(
    topic: string,
    data: SendData | PreparedMessage,
    options?: { readonly except?: ServerSocket<Data> | undefined },
  ): PublishResult {
    return this.#core.topics.publish(topic, data, options?.except);
  }

  subscriberCount(topic: string): number {
    return this.#core.topics.subscriberCount(topic);
  }

  /** Undefined while it does not listen, and on a Unix socket. */
  get #address(): AddressInfo | undefined {
    const address = this.#http?.address();
    return typeof address === "object" && address !== null ? address : undefined;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const upgrade = takeHttpUpgrade(request, socket, head, this.#handles);
    this.#core.upgrade(upgrade.head, upgrade.stream, upgrade.isSecure);
  }

  async close(code = 1001, reason = ""): Promise<void> {
    // What cannot be sent is refused by the core before anything has changed.
    this.#closing ??= this.#finish(this.#core.close(code, reason));
    await this.#closing;
  }

  async #finish(socketsGone: Promise<unknown>): Promise<void> {
    const http = this.#http;
    if (http === undefined || http === this.#options.server) {
      await socketsGone;
      http?.removeListener("upgrade", this.#onUpgrade);
      return;
    }
    const portFree = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeIdleConnections();
    await socketsGone;
    // What is left are connections that never became WebSockets.
    for (const socket of this.#tcpSockets) socket.destroy();
    await portFree;
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerSocket<Data>, undefined> {
    return this.#core[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** RFC 9110 §15.5.22: 426 tells which protocol this port speaks. */
function refuseOrdinaryRequest(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { Upgrade: "websocket", Connection: "Upgrade, close", "Content-Type": "text/plain" });
  response.end("This port speaks WebSocket.\n");
}

/** An address that one can connect to from this machine. */
function reachableHost({ address, family }: AddressInfo): string {
  if (address === "::" || address === "0.0.0.0") return "localhost";
  return family === "IPv6" ? `[${address}]` : address;
}

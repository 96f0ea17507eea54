/**
 * `serve()`: a server on Node.
 */

import type { IncomingMessage, RequestListener } from "node:http";
import type { ServerOptions as HttpsServerOptions } from "node:https";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { serverObserver } from "../observe/index.js";
import { UsageError } from "../protocol/index.js";
import type {
  DrainOptions,
  DrainReport,
  PublishOptions,
  PublishResult,
  ServerOptions,
  ServerSocket,
} from "../server/index.js";
import { ConnectForm, type Entrance, ServerCore } from "../server/index.js";
import type { CompressionReport, PreparedMessage, SendData } from "../socket/index.js";
import { reportCompression } from "../socket/index.js";
import { isLoopback, parseIpAddress } from "../transport/index.js";
import type { ConnectUpgrade, HandleTransport, TransportOption } from "../transport/node/index.js";
import {
  chooseTransport,
  hasUnansweredRequest,
  keepFreedMemory,
  listeningAddress,
  nodePlatform,
  takeConnectRequests,
  takeHttpUpgrade,
} from "../transport/node/index.js";
import type { AnyHttpServer, UpgradeTaker } from "./application-server.js";
import { ApplicationServer } from "./application-server.js";
import type { Http2Options } from "./http2-sessions.js";
import { resolveHttp2Options } from "./http2-sessions.js";
import { OwnPort } from "./own-port.js";
import { refuseOrdinaryRequest, type TakeRequest } from "./port-servers.js";

/** Where connections come from. */
export interface ListenOptions {
  /** The port to listen on; 0 lets the system choose. */
  readonly port?: number;
  /** The address to listen on. Default: all of them. */
  readonly host?: string;
  /** With `port`: certificate and key, as `https.createServer` takes them, to serve `wss:`. */
  readonly tls?: HttpsServerOptions;
  /** With `port`: what to do with ordinary HTTP requests. Default: they are answered with 426 (Upgrade Required). */
  readonly request?: RequestListener;
  /**
   * With `port`: is asked first about each ordinary HTTP request, and says whether it takes it; those that it does not take
   * go to `request`. It is how the real-time layer gets connections where WebSockets do not pass. On an HTTP server of yours
   * nobody asks it but you.
   */
  readonly takeRequest?: TakeRequest;
  /**
   * With `port`: whether HTTP/2 is spoken as well, with WebSockets by extended CONNECT (RFC 8441): over TLS for those who
   * choose it by ALPN, in clear text for those who begin with its preface. Default false. Browsers that have a session for
   * ordinary requests open their WebSockets on it then.
   */
  readonly http2?: boolean | Http2Options;
  /**
   * Instead of `port`: an HTTP server of yours, whose `upgrade` requests are taken, or a server of `node:http2`, whose
   * extended CONNECT requests are; with `allowHTTP1` both. You start it and close it. With `path`, several of ours and
   * whoever else listens to its `upgrade` event share it.
   */
  readonly server?: AnyHttpServer;
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
  /** What has been compressed so far, and what is kept for it; undefined where nothing is compressed. */
  readonly compression: CompressionReport | undefined;
  /** The connections that are open or closing. */
  readonly sockets: ReadonlySet<ServerSocket<Data>>;
  /**
   * Sends a message to every socket that subscribes to a topic. It is framed, and compressed, once for all of them, and what is published
   * during a turn leaves each socket in one write, in order with everything else that is sent on it. A socket for which
   * `maxSendBufferBytes` wait already is closed, or misses the message, as `slowPeer` says; the others do not notice.
   *
   * @param topic any string
   * @param data what `socket.send` takes
   * @param options `except`: a socket that is left out, usually the one that the message came from; `compress`: whether
   *   it may be compressed. What is `prepare`d has its own
   * @returns how many sockets it was sent to, and how many refused it
   * @throws UsageError `invalid-argument`
   */
  publish(topic: string, data: SendData | PreparedMessage, options?: PublishOptions<ServerSocket<Data>>): PublishResult;
  /** How many sockets subscribe to a topic. */
  subscriberCount(topic: string): number;
  /**
   * Takes an upgrade request, as an HTTP server's `upgrade` event carries it. What is no proper request is answered
   * with its HTTP status; one that was sent behind a request that has no answer yet is cut, with its connection.
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
  /**
   * Ends in order: stops taking connections (those that come all the same are answered with 503 and `Retry-After`), and
   * closes each socket in its turn, the oldest first, when its message handler is done with what has come and everything
   * that was sent on it has left. What is left at the deadline is cut.
   *
   * A second call changes nothing and returns the same. `close` ends it early: it closes at once what is left. After
   * `close`, it sets a deadline to what that has begun. docs/draining.md tells more.
   *
   * @param options `deadlineMs`, `spreadMs`, `code` (default 1012, service restart), `reason`
   * @returns what became of the sockets, when every connection is gone, and the port is free where it was ours
   * @throws UsageError `invalid-limit`, and as `socket.close` does; then nothing has changed
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
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
  const mayHaveTls = options.tls !== undefined || options.port === undefined;
  const server = new NodeServer<Data>(options, await chooseTransport(transport, mayHaveTls));
  await server.listen();
  return server;
}

function checkSource({ port, server, noServer, tls, request, http2 }: ListenOptions): void {
  const sources = Number(port !== undefined) + Number(server !== undefined) + Number(noServer === true);
  if (sources !== 1) {
    throw new UsageError("invalid-argument", sources, undefined, "give exactly one of port, server and noServer");
  }
  if (tls !== undefined && port === undefined) {
    throw new UsageError("invalid-argument", "tls", undefined, "tls goes with port; your own server has its own");
  }
  if (http2 !== undefined && port === undefined) {
    throw new UsageError("invalid-argument", "http2", undefined, "http2 goes with port; your own server is what it is");
  }
  if (request !== undefined && port === undefined) {
    throw new UsageError("invalid-argument", "request", undefined, "request goes with port; your server has its own");
  }
}

class NodeServer<Data> implements Server<Data> {
  readonly #core: ServerCore<Data>;
  readonly #handles: HandleTransport | undefined;
  readonly #ownPort: OwnPort | undefined;
  /** The HTTP server whose upgrades are taken, ours or the application's. */
  readonly #http: AnyHttpServer | undefined;
  readonly #stopTaking: (() => void) | undefined;
  readonly #isOnLoopback = (): boolean => isLoopbackAddress(this.#address?.address);
  #closing: Promise<void> | undefined;
  #draining: Promise<DrainReport> | undefined;

  constructor(options: ServeOptions<Data>, handles: HandleTransport | undefined) {
    this.#handles = handles;
    this.#core = new ServerCore<Data>(options, nodePlatform, serverObserver, this.#isOnLoopback);
    this.#ownPort = this.#createPort(options);
    this.#http = options.server ?? this.#ownPort?.http;
    if (options.server !== undefined) this.#stopTaking = this.#share(options.server);
    const { http, http2 } = this.#ownPort ?? {};
    http?.on("upgrade", (request, socket, head) => this.#takeUpgrade(request, socket, head));
    if (http2 !== undefined) takeConnectRequests(http2, (connect) => this.#connect(connect));
  }

  /** @returns stops taking what comes to an HTTP server of the application's */
  #share(http: AnyHttpServer): () => void {
    const taker: UpgradeTaker = {
      isAt: (target) => this.#core.isAt(target),
      takeUpgrade: (request, socket, head) => this.handleUpgrade(request, socket, head),
      takeConnect: (connect) => this.#connect(connect),
    };
    const server = ApplicationServer.of(http);
    server.add(taker);
    return () => server.remove(taker);
  }

  /** Takes an extended CONNECT request. */
  #connect({ head, request, stream, session, isSecure, respond }: ConnectUpgrade): void {
    this.#core.upgrade(head, stream, isSecure, {
      deadline: this.#ownPort?.takeDeadline(session),
      form: new ConnectForm(request, respond),
      isOnLoopback: this.#isOnLoopback,
    });
  }

  #createPort({ port, host, tls, request, takeRequest, http2 }: ServeOptions<Data>): OwnPort | undefined {
    if (port === undefined) return undefined;
    const core = this.#core;
    return new OwnPort({
      port,
      host,
      tls,
      request: requestListener(takeRequest, request, core.entrance),
      http2: resolveHttp2Options(http2),
      resolved: core.options,
      handles: this.#handles,
      upgrade: (head, stream, deadline) =>
        core.upgrade(head, stream, false, { deadline, isOnLoopback: this.#isOnLoopback }),
      timedOut: (stream) => core.refuseSlowRequest(stream),
      failed: (error) => core.reportError(error, "accepting a connection"),
    });
  }

  async listen(): Promise<void> {
    await this.#ownPort?.listen();
  }

  get port(): number {
    return this.#address?.port ?? 0;
  }

  get url(): string {
    const address = this.#address;
    if (address === undefined || this.#http === undefined) return "";
    // By either: Bun's has no such method, and other servers over TLS are no `https.Server`.
    const isSecure = this.#http instanceof HttpsServer || "setSecureContext" in this.#http;
    const scheme = isSecure ? "wss" : "ws";
    return `${scheme}://${reachableHost(address)}:${String(address.port)}`;
  }

  get transport(): "net" | "handle" {
    return this.#handles === undefined ? "net" : "handle";
  }

  get compression(): CompressionReport | undefined {
    const { compression } = this.#core;
    return compression === undefined ? undefined : reportCompression(compression, nodePlatform);
  }

  get sockets(): ReadonlySet<ServerSocket<Data>> {
    return this.#core.sockets;
  }

  publish(
    topic: string,
    data: SendData | PreparedMessage,
    options?: PublishOptions<ServerSocket<Data>>,
  ): PublishResult {
    return this.#core.topics.publish(topic, data, options);
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
    this.#takeUpgrade(request, socket, head, request);
  }

  /** @param httpRequest what `accept` gets of the request: nothing on a port of our own, where the door makes none */
  #takeUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, httpRequest?: IncomingMessage): void {
    if (hasUnansweredRequest(socket)) {
      socket.destroy();
      return;
    }
    const deadline = this.#ownPort?.deadlines.take(request.socket);
    const upgrade = takeHttpUpgrade(request, socket, head, this.#handles);
    const isOnLoopback = (): boolean => isLoopbackAddress(listeningAddress(socket));
    this.#core.upgrade(upgrade.head, upgrade.stream, upgrade.isSecure, { deadline, isOnLoopback, httpRequest });
  }

  async close(code = 1001, reason = ""): Promise<void> {
    // What cannot be sent is refused by the core before anything has changed.
    if (this.#closing === undefined) this.#closing = this.#finish(this.#core.close(code, reason));
    else if (this.#draining !== undefined) void this.#core.close(code, reason);
    await this.#closing;
  }

  async drain(options: DrainOptions = {}): Promise<DrainReport> {
    if (this.#draining === undefined) {
      const drain = this.#core.drain(options, () => this.#ownPort?.cut());
      this.#closing ??= this.#finish(drain.gone);
      this.#draining = drain.finish(this.#closing);
    }
    return await this.#draining;
  }

  async #finish(socketsGone: Promise<unknown>): Promise<void> {
    if (this.#ownPort !== undefined) {
      await this.#ownPort.close(socketsGone);
      return;
    }
    await socketsGone;
    this.#stopTaking?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<ServerSocket<Data>, undefined> {
    return this.#core[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What ordinary requests are for: first for whoever takes some of them, then for the application. */
function requestListener(
  takeRequest: TakeRequest | undefined,
  request: RequestListener | undefined,
  entrance: Entrance,
): RequestListener | undefined {
  if (takeRequest === undefined) return request;
  return (incoming, response) => {
    if (!takeRequest(incoming, response, entrance)) (request ?? refuseOrdinaryRequest)(incoming, response);
  };
}

/** Whether who listens on an address serves this machine alone. */
function isLoopbackAddress(text: string | undefined): boolean {
  const address = text === undefined ? undefined : parseIpAddress(text);
  return address !== undefined && isLoopback(address);
}

/** An address that one can connect to from this machine. */
function reachableHost({ address, family }: AddressInfo): string {
  if (address === "::" || address === "0.0.0.0") return "localhost";
  return family === "IPv6" ? `[${address}]` : address;
}

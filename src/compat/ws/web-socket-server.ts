/**
 * The class `WebSocketServer` of `ws`, over our own sockets.
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Server as HttpServer, IncomingMessage } from "node:http";
import { createServer, STATUS_CODES } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { serverObserver } from "../../observe/index.js";
import type { AcceptedExtension, ServerExtension } from "../../protocol/index.js";
import { acceptValue, DeflateServerExtension, ExtensionChain, formatExtensions } from "../../protocol/index.js";
import { createCompression } from "../../socket/index.js";
import type { HandleTransport } from "../../transport/node/index.js";
import { chooseTransport, keepFreedMemory, nodePlatform } from "../../transport/node/index.js";
import { createLinkContext, Link, type LinkContext } from "./link.js";
import { resolveLinkOptions } from "./link-options.js";
import type { AddressInfo, ServerOptions } from "./option-types.js";
import { type Asked, acceptOffers, checkHead, type Refusal, readAsked, refuse } from "./server-handshake.js";
import { sessionOf } from "./session.js";
import { streamOver } from "./transports.js";
import { WebSocket } from "./web-socket.js";
import type { WebSocketServerEmitter } from "./web-socket-server-types.js";

// The class emits what the interface says, which the types of an emitter cannot tell.
const Emitter = EventEmitter as unknown as Omit<typeof EventEmitter, "prototype"> &
  (new <Socket extends typeof WebSocket, Request extends typeof IncomingMessage>() => WebSocketServerEmitter<
    Socket,
    Request
  >);

/** Sockets that a handshake has been completed on. */
const taken = new WeakSet<Duplex>();

/** A server of WebSockets, as `ws` has it. */
export class WebSocketServer<
  T extends typeof WebSocket = typeof WebSocket,
  U extends typeof IncomingMessage = typeof IncomingMessage,
> extends Emitter<T, U> {
  /** The options, with the defaults of those that have one. */
  options: ServerOptions<T, U>;
  /** The sockets that are open or closing, unless `clientTracking` is false. */
  declare clients: Set<InstanceType<T>>;
  /** Not set by `ws` either; the option is in `options.path`. */
  declare path: string;
  readonly #context: LinkContext;
  readonly #available: readonly ServerExtension[];
  #http: HttpServer | HttpsServer | undefined;
  #stopListening: (() => void) | undefined;
  #handles: HandleTransport | undefined;
  /** Until it is known how sockets are read from. */
  #choosing: Promise<void> | undefined;
  #state: "running" | "closing" | "closed" = "running";
  /** Sockets that `close` waits for, where the port is ours: those without a handle the HTTP server does not count. */
  #openSockets = 0;
  /** Whether `close` still waits for the HTTP server. */
  #isHttpOpen = false;
  /** Whether `close` waits for nothing any more. */
  #isOver = false;

  /**
   * @param given exactly one of `port`, `server` and `noServer`, and others
   * @param callback called when it listens, where it has a port of its own
   * @throws TypeError, UsageError for options that make no sense
   */
  constructor(given: ServerOptions<T, U> = {}, callback?: () => void) {
    super();
    const { port, server, noServer } = given;
    const hasPort = (port ?? undefined) !== undefined;
    if (Number(hasPort) + Number(Boolean(server)) + Number(Boolean(noServer)) !== 1) {
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified');
    }
    const { perMessageDeflate = false } = given;
    const deflateOptions = perMessageDeflate === true ? {} : perMessageDeflate;
    this.options = { ...(defaults as ServerOptions<T, U>), ...given, perMessageDeflate: deflateOptions };
    const resolved = resolveLinkOptions(given, false);
    this.#context = createLinkContext("server", resolved, serverObserver);
    const { perMessageDeflate: deflate } = resolved.socket;
    const compression = createCompression(deflate, nodePlatform);
    this.#available =
      compression === undefined || deflate === undefined
        ? []
        : [new DeflateServerExtension(compression, deflate.wanted)];
    if (this.options.clientTracking) this.clients = new Set();
    this.#chooseTransport(given.transport ?? (hasPort ? "auto" : "net"));
    if (hasPort) this.#listen(callback);
    else if (server) this.#http = server;
    if (this.#http !== undefined) this.#stopListening = this.#listenTo(this.#http);
  }

  #chooseTransport(transport: "auto" | "net" | "handle"): void {
    keepFreedMemory();
    if (transport === "net") return;
    this.#choosing = chooseTransport(transport, false).then(
      (handles) => {
        this.#handles = handles;
        this.#choosing = undefined;
      },
      (error: unknown) => {
        this.#choosing = undefined;
        this.emit("error", error);
      },
    );
  }

  #listen(callback: (() => void) | undefined): void {
    const { port, host, backlog } = this.options;
    const http = createServer((_request, response) => {
      const body = STATUS_CODES[426] as string;
      response.writeHead(426, { "Content-Length": body.length, "Content-Type": "text/plain" });
      response.end(body);
    });
    this.#http = http;
    http.listen(port, host, backlog ?? undefined, callback);
  }

  /** @returns what ends it */
  #listenTo(http: HttpServer | HttpsServer): () => void {
    const emitConnection = (webSocket: InstanceType<T>, request: IncomingMessage): void => {
      this.emit("connection", webSocket, request);
    };
    const listeners = {
      listening: () => void this.emit("listening"),
      error: (error: Error) => void this.emit("error", error),
      upgrade: (request: InstanceType<U>, socket: Duplex, head: Buffer) => {
        if (this.#choosing === undefined) this.handleUpgrade(request, socket, head, emitConnection);
        else
          this.#upgradeLater(this.#choosing, () => this.handleUpgrade(request, socket, head, emitConnection), socket);
      },
    };
    for (const [event, listener] of Object.entries(listeners)) http.on(event, listener);
    return () => {
      for (const [event, listener] of Object.entries(listeners)) http.removeListener(event, listener);
    };
  }

  /** Of a process's first server: the first upgrade may come before the handle transport has been tried. */
  #upgradeLater(choosing: Promise<void>, upgrade: () => void, socket: Duplex): void {
    const destroy = (): void => void socket.destroy();
    socket.on("error", destroy);
    void choosing.then(() => {
      // Not within the promise: what a listener throws is nobody's rejection.
      process.nextTick(() => {
        socket.removeListener("error", destroy);
        upgrade();
      });
    });
  }

  /**
   * Where it listens; null while it does not.
   *
   * @throws Error where it has no server
   */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode');
    return this.#http?.address() ?? null;
  }

  /**
   * Takes no more connections. A server with a port of its own closes that and waits for its sockets; others are left
   * open, and so are all sockets that are open already.
   *
   * @param callback called when that is done, or with an error where it was done before
   */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === "closed") {
      if (callback) this.once("close", () => callback(new Error("The server is not running")));
      process.nextTick(() => this.#emitClose());
      return;
    }
    if (callback) this.once("close", callback);
    if (this.#state === "closing") return;
    this.#state = "closing";
    this.#stopListening?.();
    const http = this.#http;
    this.#http = undefined;
    if (http !== undefined && !this.options.server) {
      this.#isHttpOpen = true;
      http.close(() => {
        this.#isHttpOpen = false;
        this.#closeIfDone();
      });
    } else {
      this.#closeIfDone();
    }
  }

  #closeIfDone(): void {
    if (this.#state !== "closing" || this.#isHttpOpen || this.#isOver) return;
    const isOwn = !this.options.noServer && !this.options.server;
    const tracked = this.options.clientTracking ? this.clients.size : 0;
    if ((isOwn ? this.#openSockets : tracked) > 0) return;
    this.#isOver = true;
    // Behind the sockets' own events.
    process.nextTick(() => this.#emitClose());
  }

  #emitClose(): void {
    this.#state = "closed";
    this.emit("close");
  }

  /** Whether a request is for this server: by its path. */
  shouldHandle(request: InstanceType<U>): boolean | Promise<boolean> {
    const { path } = this.options;
    if (!path) return true;
    const { url = "" } = request;
    const queryAt = url.indexOf("?");
    return (queryAt === -1 ? url : url.slice(0, queryAt)) === path;
  }

  /**
   * Takes a request that wants a WebSocket, as an HTTP server's `upgrade` event carries it.
   *
   * @param callback gets the `WebSocket`, when the request has been accepted
   */
  handleUpgrade(
    request: InstanceType<U>,
    socket: Duplex,
    head: Buffer,
    callback: (client: InstanceType<T>, request: InstanceType<U>) => void,
  ): void {
    socket.on("error", destroyOnError);
    const fault = checkHead(request);
    if (fault !== undefined) {
      this.#refuse(request, socket, fault);
      return;
    }
    if (!this.shouldHandle(request)) {
      refuse(socket, { status: 400, message: STATUS_CODES[400] as string });
      return;
    }
    const asked = readAsked(request);
    if ("status" in asked) {
      this.#refuse(request, socket, asked);
      return;
    }
    const accepted = acceptOffers(request, this.#available);
    if ("status" in accepted) this.#refuse(request, socket, accepted);
    else this.#verify({ request, socket, head, asked, accepted, callback });
  }

  /** Asks the application. */
  #verify(upgrade: Upgrade<T, U>): void {
    const { request, asked } = upgrade;
    const { verifyClient } = this.options;
    if (!verifyClient) {
      this.#complete(upgrade);
      return;
    }
    const { headers } = request;
    const secured = request.socket as { readonly authorized?: boolean; readonly encrypted?: boolean };
    const info = {
      origin: (asked.version === 8 ? headers["sec-websocket-origin"] : headers.origin) as string,
      secure: secured.authorized === true || secured.encrypted === true,
      req: request,
    };
    // By how many arguments it takes.
    if (verifyClient.length === 2) {
      verifyClient(info, (isVerified, status = 401, message, answerHeaders) => {
        if (isVerified) this.#complete(upgrade);
        else this.#decline(upgrade, { status, message: message ?? "", headers: answerHeaders ?? {} });
      });
    } else if ((verifyClient as (given: typeof info) => boolean)(info)) this.#complete(upgrade);
    else this.#decline(upgrade, { status: 401, message: "" });
  }

  #decline({ socket, accepted }: Upgrade<T, U>, { status, message, headers }: Refusal): void {
    for (const { extension } of accepted) extension.close();
    refuse(socket, { status, message: message || (STATUS_CODES[status] ?? ""), ...(headers ? { headers } : {}) });
  }

  #complete(upgrade: Upgrade<T, U>): void {
    const { request, socket, accepted, callback } = upgrade;
    if (taken.has(socket)) {
      throw new Error(
        "server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration",
      );
    }
    // The peer may have left meanwhile.
    if (!socket.readable || !socket.writable) {
      for (const { extension } of accepted) extension.close();
      socket.destroy();
      return;
    }
    if (this.#state !== "running") {
      this.#decline(upgrade, { status: 503, message: "" });
      return;
    }
    const webSocket = this.#openOrGiveBack(upgrade);
    if (this.options.clientTracking) {
      this.clients.add(webSocket);
      webSocket.on("close", () => {
        this.clients.delete(webSocket);
        this.#closeIfDone();
      });
    }
    callback(webSocket, request);
  }

  /** @throws what `handleProtocols`, the class or a listener of `headers` throws */
  #openOrGiveBack(upgrade: Upgrade<T, U>): InstanceType<T> {
    try {
      return this.#open(upgrade);
    } catch (error) {
      for (const { extension } of upgrade.accepted) extension.close();
      throw error;
    }
  }

  #open({ request, socket, head, asked, accepted }: Upgrade<T, U>): InstanceType<T> {
    const { handleProtocols, WebSocket: Class = WebSocket } = this.options;
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${acceptValue(asked.key)}`,
    ];
    const webSocket = new Class(null, undefined, this.options) as InstanceType<T>;
    const session = sessionOf(webSocket);
    if (asked.protocols.size > 0) {
      const first = asked.protocols.values().next().value as string;
      const protocol = handleProtocols ? handleProtocols(asked.protocols, request) : first;
      if (protocol) {
        lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
        session.protocol = protocol;
      }
    }
    const extensions = formatExtensions(accepted.map(({ answer }) => answer));
    if (extensions !== "") {
      lines.push(`Sec-WebSocket-Extensions: ${extensions}`);
      session.extensions = accepted.map(({ answer }) => answer.name).join(",");
    }
    this.emit("headers", lines, request);
    socket.removeListener("error", destroyOnError);
    taken.add(socket);
    const stream = streamOver(socket, head, this.#handles);
    const chain = accepted.length === 0 ? undefined : new ExtensionChain(accepted.map(({ extension }) => extension));
    const link = new Link(this.#context, stream, { protocol: session.protocol, extensions, chain, data: session });
    session.begin(link, socket);
    if (socket.destroyed) standFor(socket, webSocket);
    this.#count(webSocket);
    link.open(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
    webSocket.emit("open");
    return webSocket;
  }

  #count(webSocket: InstanceType<T>): void {
    this.#openSockets++;
    webSocket.once("close", () => {
      this.#openSockets--;
      // Behind the listener that forgets the client, where there is one.
      if (!this.options.clientTracking) this.#closeIfDone();
    });
  }

  /** Answers a request that is none to be accepted, unless the application wants to. */
  #refuse(request: InstanceType<U>, socket: Duplex, refusal: Refusal): void {
    if (this.listenerCount("wsClientError") === 0) refuse(socket, refusal);
    else this.emit("wsClientError", new Error(refusal.message), socket, request);
  }
}

/** A request on its way. */
interface Upgrade<T extends typeof WebSocket, U extends typeof IncomingMessage> {
  readonly request: InstanceType<U>;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly asked: Asked;
  readonly accepted: readonly AcceptedExtension[];
  readonly callback: (client: InstanceType<T>, request: InstanceType<U>) => void;
}

const defaults = {
  allowSynchronousEvents: true,
  autoPong: true,
  clientTracking: true,
  closeTimeout: 30_000,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  noServer: false,
  skipUTF8Validation: false,
  WebSocket,
};

/**
 * Of a socket whose handle was taken, which is destroyed for that: who destroys it means the connection, and who waits for
 * its end waits for the connection's.
 */
function standFor(socket: Duplex, webSocket: WebSocket): void {
  const emit = socket.emit.bind(socket);
  socket.destroy = () => {
    webSocket.terminate();
    return socket;
  };
  socket.emit = (event: string | symbol, ...args: unknown[]) => event !== "close" && emit(event, ...args);
  webSocket.once("close", () => {
    socket.emit = emit;
    socket.emit("close", false);
  });
}

function destroyOnError(this: Duplex): void {
  this.destroy();
}

/**
 * An HTTP server of the application's, whose upgrade requests several may want: servers of ours for different paths, and
 * whoever else listens to its `upgrade` event, such as a development server for its own pages.
 *
 * Node hands each upgrade request to all listeners, and cuts nothing that none of them answers. So there is one listener
 * for all servers of ours: the one whose `path` it is takes the request, else the one that takes every path. What is for
 * none of them is left to the others; where there are no others, the first of ours refuses it.
 */
import type { Server as HttpServer, IncomingMessage } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { AnyHttp2Server, ConnectUpgrade } from "../transport/node/index.js";
import { takeConnectRequests } from "../transport/node/index.js";
import { isHttp2Server } from "./http2-sessions.js";

/** A server of the application's. */
export type AnyHttpServer = HttpServer | HttpsServer | AnyHttp2Server;

/** A server of ours. */
export interface UpgradeTaker {
  /** Whether it has WebSockets where a request asks for one; undefined where it has them everywhere. Must not throw. */
  isAt(target: string): boolean | undefined;
  /** Takes an upgrade request, and answers it. */
  takeUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void;
  /** Takes an extended CONNECT request, and answers it. */
  takeConnect(connect: ConnectUpgrade): void;
}

const shared = new WeakMap<AnyHttpServer, ApplicationServer>();

/** See the head of this file. */
export class ApplicationServer {
  readonly #http: AnyHttpServer;
  readonly #takers = new Set<UpgradeTaker>();
  #stopConnects: (() => void) | undefined;

  /** The one for an HTTP server, whoever asks. */
  static of(http: AnyHttpServer): ApplicationServer {
    let server = shared.get(http);
    if (server === undefined) shared.set(http, (server = new ApplicationServer(http)));
    return server;
  }

  private constructor(http: AnyHttpServer) {
    this.#http = http;
  }

  /** From now on a server of ours gets what is for it. */
  add(taker: UpgradeTaker): void {
    this.#takers.add(taker);
    if (this.#takers.size > 1) return;
    this.#http.on("upgrade", this.#onUpgrade);
    // Streams of HTTP/2 have no event that listeners could share: what is for none of ours is refused by the first.
    if (isHttp2Server(this.#http)) {
      this.#stopConnects = takeConnectRequests(this.#http, (connect) =>
        (this.#takerOf(connect.head.target) ?? this.#first)?.takeConnect(connect),
      );
    }
  }

  /** No more. With the last of ours, nothing of us is left on the HTTP server. */
  remove(taker: UpgradeTaker): void {
    if (!this.#takers.delete(taker) || this.#takers.size > 0) return;
    this.#http.off("upgrade", this.#onUpgrade);
    this.#stopConnects?.();
    this.#stopConnects = undefined;
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Uint8Array): void => {
    const taker = this.#takerOf(request.url ?? "");
    if (taker !== undefined) taker.takeUpgrade(request, socket, head);
    else if (this.#http.listenerCount("upgrade") === 1) this.#first?.takeUpgrade(request, socket, head);
  };

  #takerOf(target: string): UpgradeTaker | undefined {
    let everywhere: UpgradeTaker | undefined;
    for (const taker of this.#takers) {
      const isThere = taker.isAt(target);
      if (isThere === true) return taker;
      if (isThere === undefined) everywhere ??= taker;
    }
    return everywhere;
  }

  get #first(): UpgradeTaker | undefined {
    const [first] = this.#takers;
    return first;
  }
}

// The way from the site to the process of the chat's server: what is asked for under its path goes there as it came.
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { isSameOrigin } from "../site/origin.js";
import { refuse, refuseUpgrade } from "../site/responses.js";
import type { ChatProcess } from "./chat-process.js";
import { SECRET_HEADER } from "./secret-header.js";
import { CONNECTIONS_MAX } from "./shared/limits.js";

/**
 * Fields that are about a connection and not about a request. RFC 9110 §7.6.1: an intermediary "MUST remove or replace fields
 * that are known to require removal before forwarding". Node throws at some of them where they do not fit, whoever wrote them.
 * `Transfer-Encoding` stays, since it says how long the content is, and `Upgrade`, which an answer with 426 has to have.
 */
const FIELDS_OF_CONNECTION = new Set(["connection", "expect", "keep-alive", "proxy-connection", "te", "trailer"]);

/** See the head of this file. */
export class Proxy {
  readonly #chat: ChatProcess;
  readonly #sockets = new Set<Duplex>();

  constructor(chat: ChatProcess) {
    this.#chat = chat;
  }

  /** Pages that are connected. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Passes a WebSocket on, octet by octet. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const { origin = null, host = null } = request.headers;
    if (!isSameOrigin(origin, host)) {
      refuseUpgrade(socket, 403, "Only this server's own page may connect");
      return;
    }
    const { port, secret } = this.#chat;
    if (port === undefined || this.connections >= CONNECTIONS_MAX) {
      refuseUpgrade(socket, 503, "The chat's server is not there", { "Retry-After": "1" });
      return;
    }
    const upstream = connect(port, "127.0.0.1");
    this.#sockets.add(socket);
    upstream.write(headOf(request, secret));
    upstream.write(head);
    // Whichever ends first ends the other; that it ended is all there is to know of it.
    pipeline(upstream, socket, upstream, () => this.#sockets.delete(socket));
  }

  /** Passes an ordinary request on. */
  request(request: IncomingMessage, response: ServerResponse): void {
    const { origin = null, host = null } = request.headers;
    if ((origin !== null || request.method !== "GET") && !isSameOrigin(origin, host)) {
      refuse(response, 403, "Only this server's own page may connect");
      return;
    }
    const { port, secret } = this.#chat;
    if (port === undefined) {
      refuse(response, 503, "The chat's server is not there", { "Retry-After": "1" });
      return;
    }
    const { method, url } = request;
    const headers = { ...passedOn(request), [SECRET_HEADER]: secret };
    const upstream = httpRequest({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, passedOn(answer));
      pipeline(answer, response, () => undefined);
    });
    upstream.on("error", () => {
      if (response.headersSent) response.destroy();
      else refuse(response, 503, "The chat's server is not there", { "Retry-After": "1" });
    });
    pipeline(request, upstream, () => undefined);
    response.on("close", () => upstream.destroy());
  }

  /** Cuts what is left. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function passedOn({ headers }: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !FIELDS_OF_CONNECTION.has(name)));
}

function headOf({ method = "GET", url = "/", rawHeaders }: IncomingMessage, secret: string): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== SECRET_HEADER) lines.push(`${name}: ${rawHeaders[index + 1] ?? ""}`);
  }
  return [...lines, `${SECRET_HEADER}: ${secret}`, "", ""].join("\r\n");
}

/**
 * The requests of the fallback: which are ours, who may make them, and which connection they are about.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { AdmissionError, type Admitted, type Entrance, type OrdinaryRequest } from "../../server/index.js";
import type { RealtimeConnection, RealtimePlatform, Session } from "../server/index.js";
import { allowedHeaders, connectionHeader, protocolHeader, sequenceHeader } from "../wire/fallback.js";
import { type Codec, RealtimeCloseCode } from "../wire/index.js";
import { EventConnection } from "./event-connection.js";
import { readBody } from "./request-body.js";

/** Whoever takes connections. */
export interface FallbackHost {
  readonly platform: RealtimePlatform;
  readonly limits: { readonly pingMs: number; readonly maxMessageBytes: number };
  /** The codec of the events; it writes text without line breaks. */
  readonly codec: Codec;
  /** Why nobody is taken at the moment; undefined: somebody is. */
  refusal(): Promise<Response | undefined>;
  connect(connection: RealtimeConnection, codec: Codec): Session;
  report(error: unknown, during: string): void;
}

// A client has one at a time, and may repeat it while the server still waits for the first.
const maxReading = 2;
// A day: what an origin may send does not change.
const preflightSeconds = 86_400;

/** See the head of this file. */
export class FallbackServer {
  readonly #host: FallbackHost;
  readonly #connections = new Map<string, EventConnection>();

  constructor(host: FallbackHost) {
    this.#host = host;
  }

  /**
   * Takes a request, where it is one of this protocol.
   *
   * @returns whether it was
   */
  take(request: IncomingMessage, response: ServerResponse, entrance: Entrance): boolean {
    if (!isOurs(request)) return false;
    this.#answer(request, response, entrance).catch((error: unknown) => {
      this.#host.report(error, "answering a request");
      response.destroy();
    });
    return true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse, entrance: Entrance): Promise<void> {
    // A peer that is gone has its end told elsewhere.
    request.on("error", () => undefined);
    const admitted = entrance.check(asOrdinary(request));
    if (admitted instanceof AdmissionError) {
      refuse(request, response, admitted.status, `${admitted.code}: ${admitted.message}`);
      return;
    }
    const { origin } = request.headers;
    if (origin !== undefined) {
      // As for WebSockets, with cookies.
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-allow-credentials", "true");
      response.setHeader("vary", "origin");
    }
    response.setHeader("cache-control", "no-store, no-transform");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET, POST, DELETE");
      response.setHeader("access-control-allow-headers", allowedHeaders);
      response.setHeader("access-control-max-age", preflightSeconds);
      response.writeHead(204).end();
    } else if (request.headers[protocolHeader] !== this.#host.codec.subprotocol) {
      refuse(request, response, 400, `${protocolHeader} must be ${this.#host.codec.subprotocol}`);
    } else if (request.method === "GET") await this.#open(request, response, entrance, admitted);
    else if (request.method === "POST" || request.method === "DELETE") await this.#about(request, response);
    else refuse(request, response, 405, "GET, POST or DELETE");
  }

  async #open(
    request: IncomingMessage,
    response: ServerResponse,
    entrance: Entrance,
    admitted: Admitted,
  ): Promise<void> {
    const { platform, codec, limits } = this.#host;
    const refusal = await this.#host.refusal();
    if (refusal !== undefined) {
      response.setHeader("retry-after", refusal.headers.get("retry-after") ?? "1");
      refuse(request, response, refusal.status, "no connection is taken at the moment");
      return;
    }
    if (response.destroyed) return;
    const id = platform.randomId();
    const connection = new EventConnection({
      id,
      protocol: codec.subprotocol,
      platform,
      response,
      ...admitted,
      ...limits,
      origin: request.headers.origin,
      ended: () => {
        this.#connections.delete(id);
        leave();
      },
    });
    const entered = entrance.enter(admitted.remoteAddress, connection);
    if (entered instanceof AdmissionError) {
      const { retryAfterSeconds } = entered;
      if (retryAfterSeconds !== undefined) response.setHeader("retry-after", retryAfterSeconds);
      refuse(request, response, entered.status, `${entered.code}: ${entered.message}`);
      return;
    }
    const leave = entered;
    this.#connections.set(id, connection);
    // What some proxies, nginx first of all, take for "do not gather this".
    response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
    connection.open(this.#host.connect(connection, codec));
  }

  /** A request about a connection. */
  async #about(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connections.get(String(request.headers[connectionHeader]));
    // Whoever has learned an id elsewhere is on another page. Of pages of our own origin a GET does not tell it.
    const isElsewhere = connection?.origin !== undefined && connection.origin !== request.headers.origin;
    if (connection === undefined || isElsewhere) {
      refuse(request, response, 404, "there is no such connection");
      return;
    }
    if (request.method === "DELETE") {
      response.writeHead(204).end();
      connection.cut();
      return;
    }
    const sequence = Number(request.headers[sequenceHeader]);
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      refuse(request, response, 400, `${sequenceHeader} must be a number from 1 on`);
      return;
    }
    if (connection.reading >= maxReading) {
      refuse(request, response, 429, `more than ${String(maxReading)} requests at a time`);
      return;
    }
    connection.reading++;
    try {
      await this.#take(request, response, connection, sequence);
    } finally {
      connection.reading--;
    }
  }

  async #take(
    request: IncomingMessage,
    response: ServerResponse,
    connection: EventConnection,
    sequence: number,
  ): Promise<void> {
    const body = await readBody(request, this.#host.limits.maxMessageBytes, this.#host.platform);
    if ("fault" in body) {
      this.#faulty(request, response, connection, body.fault);
      return;
    }
    const turn = connection.takes(sequence);
    if (turn === "early") {
      refuse(request, response, 409, "a message before this one is missing");
      return;
    }
    // A client sends no more before this one is handled, and whoever does is not listened to.
    if (turn === "next") await connection.session?.receive(body.text);
    response.writeHead(204).end();
  }

  #faulty(request: IncomingMessage, response: ServerResponse, connection: EventConnection, fault: string): void {
    const { maxMessageBytes } = this.#host.limits;
    switch (fault) {
      case "too-large": {
        const reason = `a message is longer than maxMessageBytes (${String(maxMessageBytes)})`;
        connection.session?.close(1009, reason);
        refuse(request, response, 413, reason);
        break;
      }
      case "not-utf8":
        connection.session?.close(RealtimeCloseCode.ProtocolBroken, "not UTF-8");
        refuse(request, response, 400, "not UTF-8");
        break;
      case "too-slow":
        refuse(request, response, 408, "the body did not come in time");
        break;
      default:
        response.destroy();
    }
  }
}

/** Whether a request says that it is of this protocol, or asks whether such a one would be allowed. */
function isOurs({ method, headers }: IncomingMessage): boolean {
  if (headers[protocolHeader] !== undefined) return true;
  const wanted = headers["access-control-request-headers"];
  return method === "OPTIONS" && typeof wanted === "string" && wanted.toLowerCase().includes(protocolHeader);
}

function asOrdinary(request: IncomingMessage): OrdinaryRequest {
  const { headers, socket } = request;
  const rawHeaders: string[] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] as string;
    // The pseudo-header fields of HTTP/2.
    if (!name.startsWith(":")) rawHeaders.push(name, request.rawHeaders[index + 1] as string);
  }
  return {
    head: { method: request.method ?? "", httpVersion: request.httpVersion, target: request.url ?? "", rawHeaders },
    host: headers.host ?? String(headers[":authority"] ?? ""),
    origin: headers.origin,
    address: socket.remoteAddress,
    isSecure: "encrypted" in socket && socket.encrypted === true,
    protocols: [String(headers[protocolHeader])],
  };
}

/** What is left of a body is not read: the connection is of no more use. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, reason: string): void {
  if (response.destroyed) return;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  if (!request.complete && request.httpVersionMajor < 2) response.setHeader("connection", "close");
  response.writeHead(status).end(`${reason}\n`);
}

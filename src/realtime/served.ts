/**
 * A real-time server bound to a WebSocket server: handlers to spread into the options of `serve()`.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { CloseReport } from "../protocol/index.js";
import {
  type Accept,
  type AcceptDecision,
  createEntrance,
  type Entrance,
  type EntranceOptions,
  type ServerSocket,
} from "../server/index.js";
import { type Message, PreparedMessage, type SendData, type SocketHandlers } from "../socket/index.js";
import type { ContractDefinition } from "./contract/index.js";
import { FallbackServer } from "./fallback/index.js";
import {
  type Prepared,
  type Realtime,
  type RealtimeConnection,
  type RealtimeParts,
  RealtimeServer,
  type SendStatus,
  Session,
  SharedConnection,
} from "./server/index.js";
import { jsonCodec, sharedSubprotocol } from "./wire/index.js";

/** Handlers for `serve()`. */
export interface ServeHandlers<Data> {
  readonly accept: Accept<Data>;
  open(socket: ServerSocket<Data>): unknown;
  message(socket: ServerSocket<Data>, message: Message): unknown;
  drain(socket: ServerSocket<Data>): unknown;
  close(socket: ServerSocket<Data>, report: CloseReport): unknown;
  /** Takes the requests of clients whose WebSockets do not pass. */
  takeRequest(request: IncomingMessage, response: ServerResponse, entrance: Entrance): boolean;
}

/** What an application does itself with connections that do not speak the real-time protocol. */
export interface BesideHandlers<Data> extends Omit<SocketHandlers<Data, ServerSocket<Data>>, "error"> {
  readonly accept?: Accept<Data>;
}

/** A real-time server with its handlers. */
export interface ServedRealtime<Definition extends ContractDefinition> extends Realtime<Definition> {
  /**
   * Spread them into the options of `serve()`. Who speaks neither of the protocol's subprotocols is answered with 400.
   */
  readonly handlers: ServeHandlers<undefined>;
  /**
   * The same, with WebSocket endpoints of one's own beside it: whoever asks for none of the protocol's subprotocols is
   * theirs.
   */
  beside<Data>(handlers: BesideHandlers<Data>): ServeHandlers<Data>;
  /**
   * For an HTTP server of yours: what takes the requests of clients whose WebSockets do not pass, and says whether a request
   * was one. Ask it first, before anything reads bodies.
   *
   * ```ts
   * const takes = realtime.requestTaker();
   * const http = createServer((request, response) => takes(request, response) || app(request, response));
   * ```
   *
   * @param options who may come in, as for `serve()`, to which the same have to be given
   * @throws UsageError `invalid-argument`, `invalid-limit`
   */
  requestTaker(options?: EntranceOptions): (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** What a socket of ours has as its data until it is open; then it is its session or sessions. Others' may be anything else. */
class Accepted {
  readonly request: Request;

  constructor(request: Request) {
    this.request = request;
  }
}

const tooBusy = 503;
const badRequest = 400;

/** See the head of this file. */
export class ServedRealtimeServer extends RealtimeServer implements ServedRealtime<ContractDefinition> {
  readonly #fallback: FallbackServer;

  constructor(parts: RealtimeParts) {
    super(parts);
    const { platform, limits, report } = parts.services;
    this.#fallback = new FallbackServer({
      platform,
      limits,
      report,
      codec: jsonCodec,
      refusal: () => this.#refusal(),
      connect: (connection, codec) => this.connect(connection, codec),
    });
  }

  get handlers(): ServeHandlers<undefined> {
    return this.beside<undefined>({
      accept: () => new Response("no subprotocol of openline's is asked for", { status: badRequest }),
    });
  }

  beside<Data>(others: BesideHandlers<Data>): ServeHandlers<Data> {
    return {
      accept: async (request, context) => {
        const codec = this.codecFor(request.protocols);
        const shared = request.protocols.find((protocol) => protocol === sharedSubprotocol);
        const protocol = codec?.subprotocol ?? shared;
        if (protocol === undefined) return await others.accept?.(request, context);
        const refusal = await this.#refusal();
        // The application never sees a socket of ours, nor what it has as its data.
        const data = new Accepted(request) as Data;
        return refusal ?? ({ protocol, data } satisfies AcceptDecision<Data>);
      },
      open: (socket) => {
        if (!(socket.data instanceof Accepted)) return others.open?.(socket);
        this.#open(socket, socket.data);
        return undefined;
      },
      message: (socket, message) => {
        const session: unknown = socket.data;
        return isOurs(session) ? session.receive(message) : others.message?.(socket, message);
      },
      drain: (socket) => {
        const session: unknown = socket.data;
        if (!isOurs(session)) return others.drain?.(socket);
        session.drained();
        return undefined;
      },
      close: (socket, report) => {
        const session: unknown = socket.data;
        if (!isOurs(session)) return others.close?.(socket, report);
        session.closed();
        return undefined;
      },
      takeRequest: (request, response, entrance) => this.#fallback.take(request, response, entrance),
    };
  }

  requestTaker(options: EntranceOptions = {}): (request: IncomingMessage, response: ServerResponse) => boolean {
    const entrance = createEntrance(options);
    return (request, response) => this.#fallback.take(request, response, entrance);
  }

  async #refusal(): Promise<Response | undefined> {
    if (!this.isDraining) {
      try {
        await this.ready;
        return undefined;
      } catch {
        // It has been reported.
      }
    }
    return new Response(undefined, { status: tooBusy, headers: { "retry-after": "1" } });
  }

  #open<Data>(socket: ServerSocket<Data>, { request }: Accepted): void {
    if (socket.protocol === sharedSubprotocol) {
      socket.data = new SharedConnection(this, new SocketConnection(socket, request), contentOf) as Data;
      return;
    }
    const codec = this.codecFor([socket.protocol]);
    // It was chosen from among those.
    if (codec === undefined) throw new TypeError(`unknown subprotocol ${socket.protocol}`);
    // A request takes more memory than all else of a connection that waits, and nobody asks for it but `authenticate`.
    const kept = this.authenticates ? request : undefined;
    socket.data = this.connect(new SocketConnection(socket, kept), codec) as Data;
  }
}

function isOurs(data: unknown): data is Session | SharedConnection {
  return data instanceof Session || data instanceof SharedConnection;
}

class SocketConnection implements RealtimeConnection {
  readonly request: Request | undefined;
  readonly #socket: Pick<ServerSocket, "send" | "bufferedBytes" | "close" | "remoteAddress">;

  constructor(
    socket: Pick<ServerSocket, "send" | "bufferedBytes" | "close" | "remoteAddress">,
    request: Request | undefined,
  ) {
    this.#socket = socket;
    this.request = request;
  }

  send(data: string | Uint8Array | Prepared): SendStatus {
    return this.#socket.send(sendable(data)).status;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  close(code: number, reason: string): void {
    void this.#socket.close(code, reason);
  }
}

/** What was prepared was prepared by the platform, which is the sockets'. */
function sendable(data: string | Uint8Array | Prepared): SendData | PreparedMessage {
  return data as SendData | PreparedMessage;
}

const decoder = new TextDecoder();
// A message is prepared for all sessions of a connection, and those of others.
const contents = new WeakMap<Prepared, string | Uint8Array>();

/** What was prepared, as it was before. */
function contentOf(prepared: Prepared): string | Uint8Array {
  const known = contents.get(prepared);
  if (known !== undefined) return known;
  // The platform of a server that is served has no others.
  if (!(prepared instanceof PreparedMessage)) throw new TypeError("not prepared by this platform");
  const { octets } = prepared.shared;
  const content = prepared.type === "text" ? decoder.decode(octets) : Uint8Array.from(octets);
  contents.set(prepared, content);
  return content;
}

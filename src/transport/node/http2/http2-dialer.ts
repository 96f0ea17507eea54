/**
 * The dialer for HTTP/2: takes a stream of a session that is there, or goes the way of the dialer for HTTP/1.1 to the
 * server and begins a session. Where HTTP/1.1 will do, it is what is left when there is no other.
 */
import { checkAddress } from "../../../protocol/handshake/url.js";
import type { HandshakeRequest, WebSocketAddress } from "../../../protocol/index.js";
import type { Dialer, DialOptions, DialResult } from "../../dialer.js";
import type { DialerOptions, Way } from "../dialing/dialer.js";
import { createDialer, reach, upgrade } from "../dialing/dialer.js";
import { OpenedSockets } from "../dialing/opened-sockets.js";
import { ClientSession, UnprocessedError } from "./client-session.js";
import { Http2Error } from "./http2-error.js";
import type { Arrival, Leftover, SessionPool } from "./session-pool.js";

/** A way to a server, and the sockets that it goes over. */
export interface OpenedWay {
  readonly way: Way;
  readonly opened: OpenedSockets;
}

/** What is to be known beside how the server is reached. */
export interface Http2DialerOptions {
  /** "only" for nothing but HTTP/2, "preferred" for HTTP/1.1 where there is no HTTP/2, and always in clear text. */
  readonly choice: "only" | "preferred";
  /** Whose sessions may be used. */
  readonly pool: SessionPool<OpenedWay>;
  /** The same for those who reach a server in the same way, who may share a session. */
  readonly reachKey: string;
}

// One that was not processed may be asked for again (RFC 9113 §8.7). Who refuses twice means it.
const maxAttempts = 2;

/** Makes a dialer. It rejects with `Http2Error`, too. */
export function createHttp2Dialer(options: DialerOptions, http2: Http2DialerOptions): Dialer {
  const overHttp1 = createDialer(options);
  const { choice, pool, reachKey } = http2;
  return async (address, request, dialOptions) => {
    dialOptions.signal.throwIfAborted();
    checkAddress(address);
    const { secure, host, port } = address;
    const place = `${secure ? "https" : "http"}://${host}:${String(port)} ${reachKey}`;
    // In clear text nothing tells beforehand whether a server speaks HTTP/2 (RFC 9113 §3.3).
    const mayFallBack = choice === "preferred";
    if (mayFallBack && (!secure || pool.isWithout(place))) return await overHttp1(address, request, dialOptions);
    try {
      return await new Http2Attempt(options, pool, place, address, dialOptions).ask(request);
    } catch (error) {
      if (!(error instanceof NoHttp2)) throw error;
      const { reason, leftover } = error;
      if (!mayFallBack) {
        leftover?.discard();
        throw reason;
      }
      // What TLS agreed on may be another thing next time, and is known before anything else is lost.
      if (reason.code !== "http2-not-chosen") pool.noteWithout(place);
      const connection = leftover?.take();
      if (connection === undefined) return await overHttp1(address, request, dialOptions);
      return await overLeftover(connection, request, dialOptions, options);
    }
  };
}

/** There is no HTTP/2 to be had, for a reason that a fall-back mends. Goes no farther than this file. */
class NoHttp2 extends Error {
  override readonly name = "NoHttp2";
  readonly reason: Http2Error;
  readonly leftover: Leftover<OpenedWay> | undefined;

  constructor(reason: Http2Error, leftover?: Leftover<OpenedWay>) {
    super(reason.message);
    this.reason = reason;
    this.leftover = leftover;
  }
}

async function overLeftover(
  { way, opened }: OpenedWay,
  request: HandshakeRequest,
  dialOptions: DialOptions,
  options: DialerOptions,
): Promise<DialResult> {
  try {
    return await upgrade(way, request, dialOptions, options, opened);
  } catch (error) {
    opened.discardAll();
    throw error;
  }
}

/** One caller's way to a stream. */
class Http2Attempt {
  readonly #options: DialerOptions;
  readonly #pool: SessionPool<OpenedWay>;
  readonly #place: string;
  readonly #address: WebSocketAddress;
  readonly #dialOptions: DialOptions;

  constructor(
    options: DialerOptions,
    pool: SessionPool<OpenedWay>,
    place: string,
    address: WebSocketAddress,
    dialOptions: DialOptions,
  ) {
    this.#options = options;
    this.#pool = pool;
    this.#place = place;
    this.#address = address;
    this.#dialOptions = dialOptions;
  }

  /** @throws NoHttp2, Http2Error, whatever keeps a dialer from its server, or the signal's reason */
  async ask(request: HandshakeRequest): Promise<DialResult> {
    const tried = new Set<ClientSession>();
    for (;;) {
      const session = await this.#sessionWithRoom(tried);
      try {
        return await session.ask(request, this.#dialOptions);
      } catch (error) {
        if (error instanceof Http2Error && error.code === "http2-http1-required") throw new NoHttp2(error);
        if (!(error instanceof UnprocessedError)) throw error;
        tried.add(session);
        if (tried.size < maxAttempts) continue;
        if (session.isUsable) throw new Http2Error("http2-stream-reset", error.code);
        throw new Http2Error("http2-session-lost", undefined, session.error);
      }
    }
  }

  async #sessionWithRoom(tried: Set<ClientSession>): Promise<ClientSession> {
    const { signal } = this.#dialOptions;
    for (;;) {
      const kept = this.#pool.reserve(this.#place, tried);
      if (kept !== undefined) return kept;
      const arrival = await this.#pool.join(this.#place, (given) => this.#begin(given), signal);
      if (arrival.kind === "none") throw new NoHttp2(arrival.reason, arrival.leftover);
      const { session } = arrival;
      if (session.maxStreams === 0) throw new Http2Error("http2-no-streams", session.maxStreams);
      if (session.isUsable) continue;
      // It went as soon as it came. Where others have taken all its streams, that is no fault of the server's.
      tried.add(session);
      if (tried.size >= maxAttempts) throw new Http2Error("http2-session-lost", undefined, session.error);
    }
  }

  async #begin(signal: AbortSignal): Promise<Arrival<OpenedWay>> {
    const { secure } = this.#address;
    // RFC 7301 §3.1: in the order of preference.
    const tls = { ...this.#options.tls, ALPNProtocols: ["h2", "http/1.1"] };
    const opened = new OpenedSockets();
    try {
      const { maxHeaderBytes } = this.#dialOptions;
      const way = await reach(this.#address, { signal, maxHeaderBytes }, { ...this.#options, tls }, opened);
      if (secure) {
        const alpnProtocol = "alpnProtocol" in way.socket ? way.socket.alpnProtocol : undefined;
        if (alpnProtocol !== "h2") {
          const chosen = typeof alpnProtocol === "string" ? alpnProtocol : "no protocol";
          return { kind: "none", reason: new Http2Error("http2-not-chosen", chosen), leftover: leave({ way, opened }) };
        }
      }
      const session = new ClientSession(way.socket, secure, this.#pool.clock);
      opened.release(way.socket);
      await session.settings(signal);
      if (session.allowsWebSockets) return { kind: "session", session };
      session.close();
      return { kind: "none", reason: new Http2Error("http2-setting-missing"), leftover: undefined };
    } catch (error) {
      opened.discardAll();
      throw error;
    }
  }
}

function leave(connection: OpenedWay): Leftover<OpenedWay> {
  let left: OpenedWay | undefined = connection;
  const take = (): OpenedWay | undefined => {
    const taken = left;
    left = undefined;
    return taken;
  };
  return { take, discard: () => take()?.opened.discardAll() };
}

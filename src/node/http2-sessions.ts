/**
 * The HTTP/2 sessions of a port of our own: how many streams each may have, how long it may do nothing, and its end.
 */
import type { Http2SecureServer, Http2Server, Http2Session, Http2Stream } from "node:http2";
import { constants } from "node:http2";
import { UsageError } from "../protocol/index.js";
import { maxTimerMs, wholeNumber } from "../socket/index.js";
import type { Deadlines, Timer } from "../transport/index.js";
import { Deadline } from "../transport/index.js";
import { widenWindow } from "../transport/node/index.js";

/** What can be set about HTTP/2. */
export interface Http2Options {
  /**
   * Streams that one session may have at a time, WebSockets and ordinary requests together; more are refused by HTTP/2
   * itself (RFC 9113 §5.1.2), and their senders may try again. Default 1000.
   */
  readonly maxStreamsPerSession?: number;
  /** Milliseconds that a session without a stream may stay. Default 120,000. */
  readonly sessionIdleTimeoutMs?: number;
  /**
   * Octets that a client may have on their way on one stream: the window of streams (RFC 9113 §6.9.2), from 16,384 on. A
   * socket receives so much in each round trip at most, and holds so much where it does not read. Default 65,535.
   */
  readonly streamWindowBytes?: number;
}

/** The options with every default filled in. */
export interface ResolvedHttp2Options {
  readonly maxStreamsPerSession: number;
  readonly sessionIdleTimeoutMs: number;
  readonly streamWindowBytes: number;
}

// A page opens tens of sockets, a proxy hundreds; each costs what a connection costs, but for the kernel's part.
const defaultMaxStreamsPerSession = 1000;
// Longer than people look away from a page, shorter than it takes them to forget it.
const defaultSessionIdleTimeoutMs = 120_000;
// RFC 9113 §6.9.2. It is held for every socket that does not read.
const defaultStreamWindowBytes = 65_535;
// RFC 9113 §4.2: every frame may be as long.
const minStreamWindowBytes = 16_384;
// RFC 9113 §6.5.2: a setting has 32 bits, and a window 31.
const maxMaxStreams = 2 ** 32 - 1;
const maxStreamWindowBytes = 2 ** 31 - 1;

/**
 * Fills in the defaults.
 *
 * @returns undefined where HTTP/2 is not to be spoken
 * @throws UsageError `invalid-limit`, `invalid-argument`
 */
export function resolveHttp2Options(option: boolean | Http2Options | undefined): ResolvedHttp2Options | undefined {
  if (option === undefined || option === false) return undefined;
  if (option !== true && (typeof option !== "object" || option === null)) {
    throw new UsageError("invalid-argument", String(option), undefined, "http2 must be true, false or an object");
  }
  const {
    maxStreamsPerSession,
    sessionIdleTimeoutMs,
    streamWindowBytes: givenWindowBytes,
  } = option === true ? {} : option;
  const streamWindowBytes = wholeNumber(
    "http2.streamWindowBytes",
    givenWindowBytes,
    defaultStreamWindowBytes,
    maxStreamWindowBytes,
  );
  if (streamWindowBytes < minStreamWindowBytes) {
    throw new UsageError(
      "invalid-limit",
      streamWindowBytes,
      undefined,
      "http2.streamWindowBytes must be 16384 or more",
    );
  }
  return {
    streamWindowBytes,
    maxStreamsPerSession: wholeNumber(
      "http2.maxStreamsPerSession",
      maxStreamsPerSession,
      defaultMaxStreamsPerSession,
      maxMaxStreams,
    ),
    sessionIdleTimeoutMs: wholeNumber(
      "http2.sessionIdleTimeoutMs",
      sessionIdleTimeoutMs,
      defaultSessionIdleTimeoutMs,
      maxTimerMs,
    ),
  };
}

/** Whether a server speaks HTTP/2. */
export function isHttp2Server(server: object | undefined): server is Http2Server | Http2SecureServer {
  return server !== undefined && "updateSettings" in server;
}

/** What is needed to keep sessions. */
export interface SessionsOptions extends Pick<ResolvedHttp2Options, "sessionIdleTimeoutMs"> {
  readonly deadlines: Deadlines;
  /** Milliseconds that a session has to open its first stream, where its connection had no time before. */
  readonly handshakeTimeoutMs: number;
  /** Takes what is left of the time of a session's connection. */
  readonly deadlineOf: (session: Http2Session) => Deadline | undefined;
}

/** See the head of this file. */
export class Http2Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Set<Http2Session>();
  /** The time of those that have opened no stream. */
  readonly #opening = new WeakMap<Http2Session, Deadline>();

  constructor(server: Http2Server | Http2SecureServer, options: SessionsOptions) {
    this.#options = options;
    server.on("session", (session) => this.#entered(session));
    // A session that fails tells so by its end; without a listener an error of it would end the process.
    server.on("sessionError", () => undefined);
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  #entered(session: Http2Session): void {
    this.#sessions.add(session);
    widenWindow(session);
    // As servers of HTTP/1.1 have it, it would stay when the peer has ended its side, and its streams with it.
    session.socket.allowHalfOpen = false;
    const { deadlines, sessionIdleTimeoutMs } = this.#options;
    this.#begin(session);
    let streams = 0;
    let idle: Timer | undefined;
    session.on("stream", (stream: Http2Stream) => {
      streams++;
      // Whoever wants it has taken it: the server's listeners hear of a stream first.
      this.takeDeadline(session)?.cancel();
      idle?.cancel();
      idle = undefined;
      stream.once("close", () => {
        streams--;
        if (streams > 0 || session.closed || session.destroyed) return;
        idle = deadlines.setTimer(() => this.#dismiss(session), sessionIdleTimeoutMs);
      });
    });
    session.once("close", () => {
      this.takeDeadline(session)?.cancel();
      idle?.cancel();
      this.#sessions.delete(session);
    });
  }

  #begin(session: Http2Session): void {
    const { deadlines, handshakeTimeoutMs, deadlineOf } = this.#options;
    const expired = (): void => this.#dismiss(session);
    const deadline = deadlineOf(session) ?? new Deadline(deadlines, handshakeTimeoutMs, expired);
    deadline.expired = expired;
    this.#opening.set(session, deadline);
  }

  /** Takes what is left of the handshake's time, for the first stream of a session; undefined for all others. */
  takeDeadline(session: Http2Session): Deadline | undefined {
    const deadline = this.#opening.get(session);
    this.#opening.delete(session);
    return deadline;
  }

  /** Ends a session that does nothing: GOAWAY (RFC 9113 §6.8), and then the connection. */
  #dismiss(session: Http2Session): void {
    if (session.destroyed) return;
    session.goaway(constants.NGHTTP2_NO_ERROR);
    session.destroy();
  }

  /** Lets no session open another stream (GOAWAY); each ends with its last stream. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Cuts them. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

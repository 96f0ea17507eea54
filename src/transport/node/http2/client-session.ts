/**
 * A client's session of HTTP/2, whose streams are WebSockets of many callers (RFC 8441).
 *
 * What happens to one stream is no business of the others: an abort, a refusal or a reset ends that one (RFC 9113
 * §5.4.2). What ends the session ends them all, with an error that says so (§5.4.1).
 */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect as connectHttp2, constants } from "node:http2";
import type { Socket as TcpSocket } from "node:net";
import type { HandshakeRequest, RawHeaders } from "../../../protocol/index.js";
import { createConnectRequest } from "../../../protocol/index.js";
import type { DialOptions, DialResult } from "../../dialer.js";
import type { Deadlines, Timer } from "../../platform.js";
import { settling } from "../dialing/settling.js";
import { fieldsOf } from "./fields.js";
import { http2ByteStream } from "./http2-byte-stream.js";
import { Http2Error } from "./http2-error.js";
import { sessionMemoryMiB, widenWindow } from "./session-settings.js";

/** A stream that the server has not processed, and will not: it may be asked for again (RFC 9113 §8.7). */
export class UnprocessedError extends Error {
  override readonly name = "UnprocessedError";
  /** The error code of HTTP/2 (RFC 9113 §7). */
  readonly code: number = constants.NGHTTP2_REFUSED_STREAM;
}

// Enough for the next page, test or attempt to find it open; too short for anybody to wonder about it.
const idleMs = 5000;

// 20 Mbit/s over a way of 100 ms, where RFC 9113 §6.9.2 begins with a quarter of it. Held for a socket that nobody reads,
// of which a client has few.
const streamWindowBytes = 256 * 1024;

/** What a server has said by GOAWAY. */
interface Farewell {
  /** The error code of HTTP/2. */
  readonly code: number;
  /** The last stream that it may have processed. */
  readonly lastStreamId: number;
}

/** See the head of this file. */
export class ClientSession {
  readonly #session: ClientHttp2Session;
  readonly #secure: boolean;
  readonly #timers: Deadlines;
  #streams = 0;
  #farewell: Farewell | undefined;
  #isGone = false;
  #error: Error | undefined;
  #idle: Timer | undefined;

  /**
   * Begins a session, which is of use when `settings` has resolved.
   *
   * @param socket connected, and over TLS where that is wanted; the session's from now on
   * @param timers for the five seconds that it stays open with no stream. They must keep no process alive
   */
  constructor(socket: TcpSocket, secure: boolean, timers: Deadlines) {
    this.#secure = secure;
    this.#timers = timers;
    // Before the session's own listener, so that streams which end with the socket know why.
    socket.once("close", () => this.#ended(socket.errored ?? undefined));
    // A peer that has ended its side sends no more frames: nothing is to be waited for.
    socket.allowHalfOpen = false;
    // The authority is that of each request.
    this.#session = connectHttp2("http://unused.invalid", {
      createConnection: () => socket,
      // RFC 9113 §8.4: nobody here takes pushed responses.
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
      maxSessionMemory: sessionMemoryMiB,
    });
    widenWindow(this.#session);
    this.#session.on("error", (error: Error) => this.#ended(error));
    this.#session.on("goaway", (code: number, lastStreamId: number) => {
      // RFC 9113 §6.8: a second one may lower the last stream, and never raises it.
      this.#farewell = { code, lastStreamId };
    });
    this.#session.once("close", () => this.#ended(undefined));
  }

  /**
   * Waits for the first SETTINGS frame of the server and, where that does not allow WebSockets, for those that come until
   * the server answers a ping.
   *
   * RFC 8441 §3: "Upon receipt of SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1, a client MAY use the Extended
   * CONNECT". Any SETTINGS frame may have it, though RFC 9113 §3.4 has only one that must come; so there has to be a
   * moment from which none is waited for, and one that is no guess about time.
   *
   * @throws Http2Error `http2-session-failed`, or the signal's reason; the session is cut then
   */
  async settings(signal: AbortSignal): Promise<void> {
    try {
      await settling<undefined>(signal, (resolve, reject) => {
        const session = this.#session;
        const onClose = (): void => reject(new Http2Error("http2-session-failed", undefined, this.#error));
        let isPinged = false;
        const onSettings = (): void => {
          // A session that is ending takes no ping.
          if (this.allowsWebSockets || (!isPinged && !this.isUsable)) resolve(undefined);
          else if (!isPinged) {
            isPinged = true;
            // One that ends without an answer is closed.
            session.ping((error) => {
              if (error === null) resolve(undefined);
            });
          }
        };
        session.on("remoteSettings", onSettings);
        session.once("close", onClose);
        return () => {
          session.off("remoteSettings", onSettings);
          session.off("close", onClose);
        };
      });
      this.#waitIdly();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Whether the server allows WebSockets over it (RFC 8441 §3). */
  get allowsWebSockets(): boolean {
    return this.#session.remoteSettings.enableConnectProtocol === true;
  }

  /** Streams that the server allows at a time. */
  get maxStreams(): number {
    return this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
  }

  /** Whether it may open another stream. RFC 9113 §6.8: after GOAWAY, it "MUST NOT open additional streams". */
  get hasRoom(): boolean {
    return this.isUsable && this.#streams < this.maxStreams;
  }

  /**
   * Keeps room for one stream, for the call of `ask` that has to follow: between the two others may look for room.
   *
   * @returns whether there is any
   */
  reserve(): boolean {
    if (!this.hasRoom) return false;
    this.#streams++;
    this.#idle?.cancel();
    // Sockets keep the process alive, sessions do not.
    if (this.#streams === 1) this.#session.ref();
    return true;
  }

  #release(): void {
    this.#streams--;
    if (this.#streams === 0) this.#waitIdly();
  }

  /** False from GOAWAY on, and when it is gone: whoever keeps it may forget it. */
  get isUsable(): boolean {
    return this.#farewell === undefined && !this.#isGone && !this.#session.closed && !this.#session.destroyed;
  }

  /** Calls back when it is gone; at once where it is. */
  whenGone(callback: () => void): void {
    if (this.#session.destroyed) callback();
    else this.#session.once("close", callback);
  }

  /** What ended it, where there was an error. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Ends it when its last stream is gone; opens no other. */
  close(): void {
    this.#idle?.cancel();
    if (!this.#session.destroyed) this.#session.close();
  }

  /** Cuts it, and its streams with it. */
  destroy(): void {
    this.#isGone = true;
    this.#idle?.cancel();
    this.#session.destroy();
  }

  /**
   * Asks for a WebSocket, in the room that `reserve` has kept.
   *
   * @throws UnprocessedError, Http2Error, or the signal's reason; the stream is reset then, and the session goes on
   */
  async ask(request: HandshakeRequest, options: DialOptions): Promise<DialResult> {
    const { signal, maxBodyBytes } = options;
    let isOpened = false;
    return await settling<DialResult>(signal, (resolve, reject) => {
      const stream = this.#open(request);
      isOpened = true;
      let isOurs = true;
      let isRead = false;
      const onResponse = (headers: IncomingHttpHeaders, _flags: number, rawHeaders: RawHeaders): void => {
        const response = { status: Number(headers[":status"]), httpVersion: "2.0", rawHeaders: ordinary(rawHeaders) };
        if (response.status >= 200 && response.status <= 299) {
          isOurs = false;
          const lossOf = (cause: Error | undefined): Error | undefined => this.#lossOf(cause);
          resolve({ isUpgraded: true, isConnect: true, response, stream: http2ByteStream(stream, lossOf) });
          return;
        }
        isRead = true;
        void readBody(stream, maxBodyBytes).then((body) => resolve({ isUpgraded: false, response, body }));
      };
      const onClose = (): void => {
        if (!isRead) reject(this.#failureOf(stream));
      };
      stream.once("response", onResponse as (headers: IncomingHttpHeaders) => void);
      stream.once("close", onClose);
      return () => {
        stream.off("close", onClose);
        // RFC 9113 §8.1, §7: what is not wanted is cancelled, be it a stream or the rest of a body.
        if (isOurs && !stream.closed) stream.close(constants.NGHTTP2_CANCEL);
      };
    }).finally(() => {
      // Its stream gives the room back, where there is one.
      if (!isOpened) this.#release();
    });
  }

  #open(request: HandshakeRequest): ClientHttp2Stream {
    if (!this.isUsable) throw new UnprocessedError();
    const { protocol, scheme, authority, path, rawHeaders } = createConnectRequest(request, this.#secure);
    const stream = this.#session.request(
      {
        ...fieldsOf(rawHeaders),
        ":method": "CONNECT",
        ":protocol": protocol,
        ":scheme": scheme,
        ":authority": authority,
        ":path": path,
      },
      { endStream: false },
    );
    // Stays: a stream that is cut may have an error to tell, which everybody knows by then.
    stream.on("error", () => undefined);
    stream.once("close", () => this.#release());
    return stream;
  }

  #waitIdly(): void {
    if (this.#isGone || this.#session.destroyed) return;
    this.#session.unref();
    this.#idle?.cancel();
    this.#idle = this.#timers.setTimer(() => this.close(), idleMs);
  }

  #ended(error: Error | undefined): void {
    this.#isGone = true;
    this.#error ??= error;
    this.#idle?.cancel();
  }

  /** The error of a stream that was lost with the session. */
  #lossOf(cause: Error | undefined): Http2Error | undefined {
    if (!this.#isGone && !this.#session.destroyed) return undefined;
    return new Http2Error("http2-session-lost", undefined, this.#error ?? cause);
  }

  /** Why a stream ended before there was an answer. */
  #failureOf(stream: ClientHttp2Stream): Error {
    const { rstCode } = stream;
    const { code, lastStreamId } = this.#farewell ?? { code: undefined, lastStreamId: Number.POSITIVE_INFINITY };
    // RFC 9113 §7: "requires that HTTP/1.1 be used", be it of this stream or of all.
    const required = constants.NGHTTP2_HTTP_1_1_REQUIRED;
    if (rstCode === required || code === required) return new Http2Error("http2-http1-required", required);
    // RFC 9113 §6.8: streams above the last one "were not processed and may be treated as if they had never been created",
    // and one without a number has not left.
    const isBeyond = this.#farewell !== undefined && (stream.id ?? Number.POSITIVE_INFINITY) > lastStreamId;
    if (isBeyond || rstCode === constants.NGHTTP2_REFUSED_STREAM) return new UnprocessedError();
    return this.#lossOf(stream.errored ?? undefined) ?? new Http2Error("http2-stream-reset", rstCode);
  }
}

/** The fields without the pseudo-header fields. */
function ordinary(rawHeaders: RawHeaders): RawHeaders {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (!name.startsWith(":")) kept.push(name, rawHeaders[index + 1] as string);
  }
  return kept;
}

/** As much of the body as is wanted; what breaks off stays short. */
function readBody(stream: ClientHttp2Stream, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (): void => resolve(new Uint8Array(Buffer.concat(chunks).subarray(0, maxBytes)));
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= maxBytes) finish();
    });
    stream.on("end", finish);
    stream.on("close", finish);
  });
}

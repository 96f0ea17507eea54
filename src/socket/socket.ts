/**
 * The socket as its users see it, the same at both ends.
 */
import type { CloseReport } from "../protocol/index.js";
import type { DuplexOptions, PlatformDuplex } from "../transport/index.js";
import type { StreamSource } from "./chunk-source.js";
import type { IncomingMessage } from "./incoming-message.js";
import type { SendStreamOptions } from "./outgoing-stream.js";
import type { PreparedMessage } from "./prepared-message.js";
import type { WebStreams } from "./web-streams.js";

/** A message as it is received: a string when it was sent as text, octets when it was sent as binary. */
export type Message = string | Uint8Array;

/** What can be sent: a string leaves as a text message, octets of any kind as a binary one. */
export type SendData = string | ArrayBufferView | ArrayBufferLike;

/** What can be said about a message. */
export interface SendOptions {
  /**
   * Whether it may be compressed, where that was agreed on. `false`: never, which is right for secrets that stand beside
   * text of an attacker's choice. `true`: even where it is short, or others before it did not get shorter. Default: what
   * seems to pay. What `prepare` made has its own.
   */
  readonly compress?: boolean | undefined;
}

/** Why a message was refused. */
export type RefusalReason =
  /** `close` was called, or the connection failed: no message may follow a Close frame. */
  | "closing"
  /** The connection is over. */
  | "closed"
  /** `maxSendBufferBytes` octets wait already. */
  | "buffer-full";

/**
 * What became of a message. "sent": it leaves at the end of this turn. "buffered": it will leave, but more than
 * `highWaterMarkBytes` wait for a peer that reads slowly; `await socket.ready()` before sending more. "refused": it
 * will not be sent.
 */
export type SendResult =
  | { readonly ok: true; readonly status: "sent" | "buffered" }
  | { readonly ok: false; readonly status: "refused"; readonly reason: RefusalReason };

/**
 * One end of a WebSocket connection.
 *
 * Messages have one consumer: the `message` handler, or else one iterator: `for await (const message of socket)` takes
 * them whole, `for await (const message of socket.incoming())` while they come. What arrives before there is one is kept,
 * and reading stops when `maxInboxBytes` are, or where a message begins that only the second may take.
 */
export interface Socket<Data = undefined> extends AsyncIterable<Message>, AsyncDisposable {
  /** Whatever `accept` attached to this connection. Yours to change. */
  data: Data;
  /** The subprotocol that was agreed on, or "" (RFC 6455 §1.9). */
  readonly protocol: string;
  /** The extensions that were agreed on, as the header of the handshake tells them, or "" (RFC 6455 §9.1). */
  readonly extensions: string;
  /** The peer's network address, where there is one. */
  readonly remoteAddress: string | undefined;
  /**
   * Where the connection is in its life. "closing" from the first Close frame or failure on, "closed" when the stream
   * is gone.
   */
  readonly readyState: "open" | "closing" | "closed";
  /** Octets of output that have not been handed to the operating system yet, frame headers included. */
  readonly bufferedBytes: number;
  /**
   * Octets of memory that this connection takes, its objects included: an unfinished message, messages that wait to be
   * handled, output that waits for the peer. What is kept to compress is reported for all, see `server.compression`.
   */
  readonly memoryBytes: number;
  /** Messages that were dropped because they came too fast, see `rateLimit`. */
  readonly droppedMessages: number;
  /** Resolves to how and why the connection ended. Never rejects. */
  readonly closed: Promise<CloseReport>;
  /**
   * Sends a message. Everything sent during a turn leaves in one write at its end. Binary data of 16 KiB and more may
   * be sent from where it lies: do not change or transfer it before `bufferedBytes` is 0.
   *
   * @param data a string for a text message; an `ArrayBuffer`, typed array or `DataView` for a binary one; or what
   *   `prepare` made of either
   * @param options `compress`: whether it may be compressed
   * @returns what became of it; never throws because the connection is closed
   * @throws UsageError `invalid-argument` for anything else than a string or octets
   */
  send(data: SendData | PreparedMessage, options?: SendOptions): SendResult;
  /**
   * Sends a message as it comes into being (RFC 6455 §5.4): chunks are pulled out of `source` while there is room, so that
   * memory stays bounded whatever its size. What else is sent meanwhile waits, in order, and `send` answers "buffered".
   * `source` is read to its end, or told that it is over (`cancel`, `return`); a chunk may be changed when the next one is
   * pulled. See docs/streams.md.
   *
   * @param source a `ReadableStream`, an async iterable (a Node stream is one) or an iterable of strings or octets. Octets
   *   may be parts of a text, strings cannot be parts of a binary message
   * @param options `type`: what the message is, by default what its first chunk is; `compress`; `signal`: ends it early;
   *   `maxFragmentBytes`
   * @returns when the last fragment has been accepted, as `send` accepts a message: it is in the output and leaves as the
   *   peer reads. Nobody has to handle its rejection
   * @throws ConnectionClosedError when the connection ends first; the source's error; the signal's reason; UsageError
   *   `invalid-argument`, `invalid-limit`, `text-not-utf8`. Where a part of the message has been sent, the connection
   *   is closed with 1011 then, and the report's `cause` is an `UnfinishedMessageError`
   */
  sendStream(source: StreamSource, options?: SendStreamOptions): Promise<void>;
  /**
   * Waits for room: resolves when no more than `highWaterMarkBytes` octets of output wait, at once if so now.
   *
   * @throws ConnectionClosedError when the connection ends before there is room, or has ended
   */
  ready(): Promise<void>;
  /**
   * Sends a ping (RFC 6455 §5.5.2).
   *
   * @returns the round trip in milliseconds, when the pong is there
   * @throws ConnectionClosedError when the connection ends without it
   */
  ping(): Promise<number>;
  /**
   * Begins the closing handshake; messages that the peer sent before its answer are still delivered, as far as
   * `maxInboxBytes` holds those that nobody takes. Does nothing when the connection is closing or closed.
   *
   * @param code 1000, 1001-1003, 1007-1014 or 3000-4999. Default 1000
   * @param reason at most 123 octets of UTF-8. Default none
   * @returns `closed`
   * @throws UsageError `close-code-not-sendable`, `close-reason-too-long`, `invalid-argument`
   */
  close(code?: number, reason?: string): Promise<CloseReport>;
  /**
   * A stream of `node:stream` in both directions, for `pipeline` and its like. It is the consumer of the messages, and
   * closes the connection: `end()` with 1000, `destroy()` and an AbortError with 1001, any other error with 1011. It ends when the peer has
   * closed with 1000 or without a code, and fails with ConnectionClosedError otherwise. See docs/node-streams.md.
   *
   * @throws UsageError `already-consumed` when there is a message handler or an iterator already, `duplex-not-available`
   *   elsewhere than on Node, `invalid-argument` for an option that makes no sense
   */
  toDuplex(options?: DuplexOptions): PlatformDuplex;
  /**
   * The same as web streams, a message a chunk: closing the writable closes with 1000, aborting it or cancelling the
   * readable with 1011, or 1001 without a reason.
   *
   * @param options `compress`: whether what is written may be compressed
   * @throws UsageError `already-consumed`
   */
  toWebStreams(options?: SendOptions): WebStreams;
  /**
   * Messages that are handed over when they begin, to be read while they come: of any length, however they are cut into
   * frames, and without holding more than `maxInboxBytes` of them. When the next message is asked for, what has not been
   * consumed of the one before is discarded. Leaving a `for await` loop early leaves the connection open, and the message
   * that was handed over last readable until somebody asks for the next one.
   *
   * @throws UsageError `already-consumed` when there is a message handler or an iterator already
   */
  incoming(): AsyncIterableIterator<IncomingMessage, undefined>;
  /** Cuts the connection at once, without a closing handshake. What has not been sent or handled is lost. */
  terminate(): void;
}

/**
 * What to do when something happens on a socket. A handler that returns a promise is awaited before the next message
 * of that socket is delivered. An error that a handler throws, or rejects with, closes that socket with 1011 and goes
 * to `error`; it never leaves this library.
 */
export interface SocketHandlers<Data = undefined, AnySocket = Socket<Data>> {
  /** The connection is open. Messages wait until a returned promise has settled. */
  open?(socket: AnySocket): unknown;
  /** A message has arrived. */
  message?(socket: AnySocket, message: Message): unknown;
  /** There is room again, after `send` had answered "buffered". Called when a turn ends, never from within `send`. */
  drain?(socket: AnySocket): unknown;
  /** The connection is over and all its messages have been handled. */
  close?(socket: AnySocket, report: CloseReport): unknown;
  /**
   * An error that a handler threw. By default it is printed.
   *
   * @param socket the socket it happened on, where there was one
   */
  error?(error: unknown, socket: AnySocket | undefined): void;
}

/**
 * The algorithms of `WebSocketStream`, as the WHATWG text has them, over a socket of ours. Steps are numbered as there.
 * https://github.com/whatwg/websockets/pull/48
 *
 * Received messages: the readable pulls them out of the socket's inbox one by one, so that nothing is read from the
 * network while nobody reads here, beyond what the inbox holds (_apply backpressure to the WebSocket_).
 * Written messages: a write is done when there is room for the next.
 */
import type { CloseReport } from "../../protocol/index.js";
import type { Message, Socket } from "../../socket/index.js";
import { Burst, closeWith } from "../../socket/index.js";
import { BlockedPortError, isBadPort } from "./blocked-ports.js";
import type { CloseCodeAndReason } from "./close-info.js";
import { validateCloseCodeAndReason } from "./close-info.js";
import type { WebSocketStreamChunk } from "./outgoing-chunk.js";
import { messageOf } from "./outgoing-chunk.js";
import { closeInfoOf, createWebSocketError } from "./websocket-error.js";

/** What `opened` of a `WebSocketStream` resolves to. */
export interface WebSocketOpenInfo {
  /** The extensions that were agreed on, as the header of the handshake tells them, or "". */
  readonly extensions: string;
  /** The subprotocol that was agreed on, or "". */
  readonly protocol: string;
  /** Messages from the server, one a chunk: a string for text, a `Uint8Array` for binary. Cancelling it closes. */
  readonly readable: ReadableStream<Message>;
  /** Messages to the server, one a chunk. Closing or aborting it closes the connection. */
  readonly writable: WritableStream<WebSocketStreamChunk>;
}

/** What `closed` of a `WebSocketStream` resolves to. */
export interface WebSocketClosedInfo {
  /** The status code in the server's Close frame, 1005 where it had none. */
  readonly closeCode: number;
  /** The reason in the server's Close frame, or "". */
  readonly reason: string;
}

/** Where streams live: how their sockets are opened, and how they let others have their turn. */
export interface StreamHost {
  readonly open: OpenSocket;
  /** As `Platform.afterReading`. */
  readonly afterReading: (callback: () => void) => void;
}

/** Opens a socket: `connect`, or something like it, whose concern the credentials in a URL are, too. */
export type OpenSocket = (
  url: URL,
  options: {
    readonly protocols: readonly string[];
    readonly signal: AbortSignal;
  },
) => Promise<Socket>;

type MessageIterator = AsyncIterator<Message, undefined>;

/** The ready states, as `WebSocket` numbers them. */
const ReadyState = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;
type ReadyState = (typeof ReadyState)[keyof typeof ReadyState];

/** A promise that others settle. */
class Settleable<Value> {
  readonly promise: Promise<Value>;
  resolve!: (value: Value) => void;
  reject!: (reason: unknown) => void;

  constructor() {
    this.promise = new Promise<Value>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever wants to know looks at it; nobody has to.
    this.promise.catch(() => undefined);
  }
}

// RFC 6455 §7.1.5: "If no Close control frame was received […] The WebSocket Connection Close Code is considered to be 1006."
const abnormalClosure = 1006;

/** See the head of this file. */
export class StreamConnection {
  readonly url: URL;
  readonly #opened = new Settleable<WebSocketOpenInfo>();
  readonly #burst: Burst;
  readonly #closed = new Settleable<WebSocketClosedInfo>();
  /** Aborted to _fail the WebSocket connection_ before it is established. */
  readonly #handshake = new AbortController();
  #isHandshakeAborted = false;
  #readyState: ReadyState = ReadyState.connecting;
  #socket: Socket | undefined;
  #readable!: ReadableStreamDefaultController<Message>;
  #writable!: WritableStreamDefaultController;
  #isCancelled = false;
  /** The write that waits for room, if one does: rejects it. */
  #rejectWrite: ((reason: unknown) => void) | undefined;
  /** Whether a message was given up, or never taken, so that the end is not clean. */
  #hasLostWrite = false;

  /** The steps of `new WebSocketStream` from the fifth on. */
  constructor(url: URL, protocols: readonly string[], signal: AbortSignal | undefined, host: StreamHost) {
    this.#burst = new Burst(host.afterReading);
    // 5. 6 are the fields above; 7 follows from how messages are pulled.
    this.url = url;
    // 8
    if (signal?.aborted === true) {
      this.#readyState = ReadyState.closed;
      this.#rejectBoth(signal.reason);
      return;
    }
    const abort = (): void => this.#abortHandshake(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    // 9, 10
    void this.#establish(protocols, host.open).finally(() => signal?.removeEventListener("abort", abort));
  }

  get opened(): Promise<WebSocketOpenInfo> {
    return this.#opened.promise;
  }

  get closed(): Promise<WebSocketClosedInfo> {
    return this.#closed.promise;
  }

  /** The abort steps of the constructor's signal. */
  #abortHandshake(reason: unknown): void {
    // 8.3.1. Unless the connection is established, or given up already.
    if (this.#readyState !== ReadyState.connecting) return;
    this.#readyState = ReadyState.closing;
    this.#rejectBoth(reason);
    this.#isHandshakeAborted = true;
    this.#handshake.abort();
  }

  #rejectBoth(reason: unknown): void {
    this.#opened.reject(reason);
    this.#closed.reject(reason);
  }

  /** _Establish a WebSocket connection_. Never rejects. */
  async #establish(protocols: readonly string[], open: OpenSocket): Promise<void> {
    let socket: Socket;
    try {
      // Fetch §4.1, main fetch: a bad port is a network error.
      if (isBadPort(this.url)) throw new BlockedPortError(Number(this.url.port));
      socket = await open(this.url, { protocols, signal: this.#handshake.signal });
    } catch (error) {
      this.#notEstablished(error);
      return;
    }
    if (this.#readyState !== ReadyState.connecting) {
      // It was closed while the answer was on its way from the network to here.
      socket.terminate();
      this.#notEstablished(this.#handshake.signal.reason);
    } else if (protocols.length > 0 && socket.protocol === "") {
      // WebSockets standard, "establish a WebSocket connection", 11.4: where protocols were asked for, one has to come.
      socket.terminate();
      this.#notEstablished(new Error("the server has chosen none of the subprotocols"));
    } else {
      this.#established(socket);
    }
  }

  /** When _the WebSocket connection is established_. */
  #established(socket: Socket): void {
    // 1, 2: that it was ever connected is what having a socket means.
    this.#readyState = ReadyState.open;
    this.#socket = socket;
    // 3, 4
    const { extensions, protocol } = socket;
    const messages = socket[Symbol.asyncIterator]() as MessageIterator;
    // 5 to 8
    const readable = new ReadableStream<Message>({
      start: (controller) => {
        this.#readable = controller;
      },
      pull: () => this.#pull(messages),
      cancel: (reason) => {
        this.#isCancelled = true;
        this.#closeUsing(reason);
      },
    });
    // 9 to 13
    const writable = new WritableStream<WebSocketStreamChunk>({
      start: (controller) => {
        this.#writable = controller;
        const signal = signalOf(controller);
        signal?.addEventListener("abort", () => this.#abortWrite(signal.reason));
      },
      write: (chunk) => this.#write(socket, chunk),
      close: () => this.#closeWritable(),
      abort: (reason) => this.#closeUsing(reason),
    });
    void socket.closed.then((report) => this.#connectionClosed(messages, report));
    // 14 to 16
    this.#opened.resolve({ extensions, protocol, readable, writable });
  }

  // Stream operations

  /** The algorithm _pull bytes_: releases the backpressure until a message is there. */
  async #pull(messages: MessageIterator): Promise<void> {
    const result = await messages.next();
    if (result.done !== true) this.#received(result.value);
  }

  /** When _a WebSocket message has been received_. */
  #received(message: Message): void {
    // 1
    if (this.#readyState !== ReadyState.open) return;
    // 2 to 4
    this.#readable.enqueue(message);
  }

  /** The algorithm _write_. */
  async #write(socket: Socket, chunk: unknown): Promise<void> {
    // 1 to 5. What a client sends is copied when it is masked, but for what waits to be compressed.
    const message = messageOf(chunk, socket.extensions !== "");
    // 6. The room for the next message is waited for after this one was sent, which comes to the same.
    if (this.#readyState !== ReadyState.open) throw this.#lostWrite();
    const { status } = socket.send(message);
    if (status === "refused") throw this.#lostWrite();
    if (status === "sent") {
      await this.#burst.wrote(message.length);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#rejectWrite = reject;
      const hasRoom = (): void => {
        // The peer has said that it will read no more, and perhaps none of this (web-platform-tests, remote-close): the
        // end of the connection, which is near, rejects it.
        if (this.#readyState === ReadyState.open && socket.readyState !== "open") return;
        this.#rejectWrite = undefined;
        resolve();
      };
      socket.ready().then(hasRoom, () => undefined);
    });
  }

  #lostWrite(): DOMException {
    this.#hasLostWrite = true;
    return new DOMException("the WebSocket was closed before the message had been sent", "InvalidStateError");
  }

  /** The writable was aborted: the write that waits, waits no more, and the abort algorithm follows. */
  #abortWrite(reason: unknown): void {
    const reject = this.#rejectWrite;
    if (reject === undefined) return;
    this.#rejectWrite = undefined;
    this.#hasLostWrite = true;
    reject(reason);
  }

  /** The algorithm _close_ of the writable. It is done when the connection is closed, and cleanly. */
  async #closeWritable(): Promise<void> {
    this.closeWebSocket({ closeCode: null, reason: "" });
    await this.#closed.promise;
  }

  /** The algorithm _close using reason_, of _cancel_ and _abort_. */
  #closeUsing(reason: unknown): void {
    // 1 to 3
    const info = closeInfoOf(reason);
    // 4
    try {
      this.closeWebSocket(info);
    } catch {
      // "If this throws an exception, discard code and reasonString": it came from a peer, and cannot be sent.
      this.closeWebSocket({ closeCode: null, reason: "" });
    }
  }

  /**
   * The algorithm _close the WebSocket_.
   *
   * @throws DOMException InvalidAccessError or SyntaxError for a code or reason that must not be sent
   */
  closeWebSocket({ closeCode, reason }: CloseCodeAndReason): void {
    // 3
    validateCloseCodeAndReason({ closeCode, reason });
    // 4
    if (this.#readyState === ReadyState.closing || this.#readyState === ReadyState.closed) return;
    this.#readyState = ReadyState.closing;
    if (this.#socket === undefined) this.#handshake.abort();
    // "if reason is non-empty but code is null, then set code to 1000"; without either, the frame has no body.
    else closeWith(this.#socket, closeCode ?? (reason === "" ? undefined : 1000), reason);
  }

  // When _the WebSocket connection is closed_

  /** Without ever having been established. */
  #notEstablished(cause: unknown): void {
    // 1, 2
    this.#readyState = ReadyState.closed;
    if (this.#isHandshakeAborted) return;
    const message = `the WebSocket was not opened${cause instanceof Error ? `: ${cause.message}` : ""}`;
    // 3
    this.#opened.reject(createWebSocketError(message, null, "", cause));
    // 4 to 7
    this.#closed.reject(createWebSocketError(message, abnormalClosure, "", cause));
  }

  async #connectionClosed(messages: MessageIterator, report: CloseReport): Promise<void> {
    const rejectWrite = this.#rejectWrite;
    const isClean = report.wasClean && rejectWrite === undefined && !this.#hasLostWrite;
    // What came before the end, and has not been pulled, is not lost: it is handled before that.
    if (isClean) await this.#receiveRest(messages);
    // 1
    this.#readyState = ReadyState.closed;
    // 4, 5. Where we failed the connection, there was no Close frame of the peer's.
    const closeCode = report.outcome === "failed" ? abnormalClosure : report.code;
    const reason = report.outcome === "failed" ? "" : report.reason;
    if (isClean) {
      // 6. What was cancelled is closed.
      if (!this.#isCancelled) this.#readable.close();
      this.#writable.error(new DOMException("the WebSocket is closed and cannot be written to", "InvalidStateError"));
      this.#closed.resolve({ closeCode, reason });
      return;
    }
    // 7
    const message = `the WebSocket was not closed cleanly: ${report.cause?.message ?? `${report.outcome}, ${String(report.code)}`}`;
    const error = createWebSocketError(message, closeCode, reason, report.cause);
    this.#readable.error(error);
    // A write that still waits is about to fail, and what it fails with is the writable's error then.
    if (rejectWrite === undefined) this.#writable.error(error);
    this.#closed.reject(error);
    rejectWrite?.(this.#lostWrite());
  }

  /** Takes what waits in the inbox of a connection that is over. */
  async #receiveRest(messages: MessageIterator): Promise<void> {
    for (;;) {
      const result = await messages.next();
      if (result.done === true) return;
      this.#received(result.value);
    }
  }
}

/** The signal that a writable is being aborted, for which the types of Node 20 have no name. */
function signalOf(controller: WritableStreamDefaultController): AbortSignal | undefined {
  const signal: unknown = Reflect.get(controller, "signal");
  return signal instanceof AbortSignal ? signal : undefined;
}

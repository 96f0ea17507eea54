/**
 * The socket over a platform's WebSocket.
 *
 * The platform has the protocol; here are its edges: messages are delivered one at a time, `send` tells what became of a
 * message, and how it ended is a report. What the platform does not let us do is told by an error, never left out in
 * silence.
 */
import { ruleOf } from "../protocol/broken-rule.js";
import { CloseCode } from "../protocol/close-code.js";
import type { CloseReport } from "../protocol/close-handshake.js";
import { asyncDispose } from "../socket/async-dispose.js";
import type { StreamSource } from "../socket/chunk-source.js";
import { deferred } from "../socket/deferred.js";
import { CloseTimeoutError, ConnectionClosedError, InboxFullError, SlowPeerError } from "../socket/errors.js";
import type { IncomingMessage } from "../socket/incoming-message.js";
import type { SendStreamOptions } from "../socket/outgoing-stream.js";
import { buffered, refusedClosed, refusedClosing, refusedFull, sent } from "../socket/send-results.js";
import type { Message, SendData, SendOptions, SendResult } from "../socket/socket.js";
import { checkClose, sendable } from "./arguments.js";
import type { ClientSocket, Socket } from "./client-socket.js";
import { collect } from "./collecting.js";
import { errorOf } from "./error-of.js";
import { Inbox } from "./inbox.js";
import type { ConnectOptions, ResolvedLimits } from "./options.js";
import { unsupported } from "./unsupported.js";
import { WholeMessage } from "./whole-message.js";

/**
 * Pages may send 1000 and 3000-4999 only. What Node closes with as 1008 (policy violation) and 1011 (internal error) has
 * the same last digits here.
 */
const policyViolation = 4008;
const internalError = 4011;

/** How the connection ended, as far as the platform tells. */
type End = Pick<CloseReport, "code" | "reason" | "wasClean">;

/**
 * Makes the socket of a connection, and calls the `open` handler.
 *
 * @param webSocket one that has just opened, so that no message has come
 */
export function openSocket(webSocket: WebSocket, options: ConnectOptions, limits: ResolvedLimits): ClientSocket {
  return new PlatformSocket(webSocket, options, limits);
}

class PlatformSocket implements ClientSocket {
  // Undefined without being there.
  declare data: undefined;
  declare readonly remoteAddress: undefined;
  readonly droppedMessages: number = 0;
  readonly #webSocket: WebSocket;
  readonly #options: ConnectOptions;
  readonly #limits: ResolvedLimits;
  readonly #inbox = new Inbox();
  readonly #opened: Promise<void>;
  readonly #closed = deferred<CloseReport>();
  #wantsDrain = false;

  // The end.
  #isBegunByUs = false;
  #cause: Error | undefined;
  /** From our Close frame on. */
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #report: CloseReport | undefined;

  constructor(webSocket: WebSocket, options: ConnectOptions, limits: ResolvedLimits) {
    this.#webSocket = webSocket;
    this.#options = options;
    this.#limits = limits;
    webSocket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.#received(typeof data === "string" ? data : new Uint8Array(data));
    };
    webSocket.onerror = (event) => {
      this.#cause ??= errorOf(event);
    };
    webSocket.onclose = (event) => this.#end(event);
    this.#opened = this.#call(() => options.open?.(this));
    void this.#deliver();
  }

  get url(): string {
    // In an authority, "@" stands behind user name and password only.
    return this.#webSocket.url.replace(/\/\/[^/]*@/, "//");
  }

  get protocol(): string {
    return this.#webSocket.protocol;
  }

  get extensions(): string {
    return this.#webSocket.extensions;
  }

  get readyState(): "open" | "closing" | "closed" {
    if (this.#report) return "closed";
    return this.#webSocket.readyState === 1 && !this.#isBegunByUs ? "open" : "closing";
  }

  get bufferedBytes(): number {
    // A platform goes on counting what is "sent" on a socket that is closed.
    return this.#report ? 0 : this.#webSocket.bufferedAmount;
  }

  get memoryBytes(): number {
    return this.#inbox.heldBytes + this.bufferedBytes;
  }

  get closed(): Promise<CloseReport> {
    return this.#closed.promise;
  }

  // Sending

  send(data: SendData, options?: SendOptions): SendResult {
    const message = sendable(data);
    // It is there for secrets: better not sent than compressed.
    if (options?.compress === false && this.extensions !== "") throw unsupported("compress: false");
    const { readyState, bufferedBytes } = this;
    if (readyState !== "open") return readyState === "closed" ? refusedClosed : refusedClosing;
    const { highWaterMarkBytes, maxSendBufferBytes } = this.#limits;
    if (bufferedBytes >= maxSendBufferBytes) {
      if (this.#options.slowPeer !== "refuse") this.#cut(new SlowPeerError(bufferedBytes, maxSendBufferBytes));
      return refusedFull;
    }
    this.#webSocket.send(message);
    if (this.bufferedBytes <= highWaterMarkBytes) return sent;
    // Where there never is room again, the report tells why.
    void quietly(this.#drain());
    return buffered;
  }

  sendStream(source: StreamSource, options: SendStreamOptions = {}): Promise<void> {
    return quietly(this.#sendWhole(source, options));
  }

  /** What else is sent meanwhile goes first: a platform sends no part of a message. */
  async #sendWhole(source: StreamSource, options: SendStreamOptions): Promise<void> {
    const { maxSendBufferBytes } = this.#limits;
    const message = await collect(source, options, maxSendBufferBytes, () => this.readyState === "open");
    const result = this.send(message, options);
    if (result.ok) return;
    if (this.readyState === "open") throw new SlowPeerError(this.bufferedBytes, maxSendBufferBytes);
    throw new ConnectionClosedError("the message was sent", await this.closed);
  }

  ready(): Promise<void> {
    return quietly(this.#room());
  }

  /**
   * Platforms tell nobody when they have sent something. It is looked every 4 ms: at 64 KiB a look that is 16 MiB a second.
   */
  async #room(): Promise<void> {
    while (this.bufferedBytes > this.#limits.highWaterMarkBytes) {
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    if (this.#report) throw new ConnectionClosedError("there was room", this.#report);
  }

  async #drain(): Promise<void> {
    if (this.#options.drain === undefined || this.#wantsDrain) return;
    this.#wantsDrain = true;
    await this.#room();
    this.#wantsDrain = false;
    await this.#call(() => this.#options.drain?.(this));
  }

  ping(): Promise<number> {
    return quietly(Promise.reject(unsupported("ping; send a message that is answered")));
  }

  // Receiving

  #received(message: Message): void {
    this.#inbox.push(message);
    const { heldBytes } = this.#inbox;
    const { maxInboxBytes } = this.#limits;
    if (heldBytes <= maxInboxBytes) return;
    const error = new InboxFullError(heldBytes, maxInboxBytes);
    this.#beginClose(policyViolation, error.code, error);
    // No gap may follow: this message was the last.
    this.#inbox.end();
  }

  /** Takes the messages where there is a handler for them, and calls that for the end when all have been handled. */
  async #deliver(): Promise<void> {
    if (this.#options.message !== undefined) {
      for await (const message of this) await this.#call(() => this.#options.message?.(this, message));
    }
    const report = await this.closed;
    await this.#call(() => this.#options.close?.(this, report));
  }

  [Symbol.asyncIterator](): AsyncGenerator<Message, undefined> {
    return this.#inbox.messages(this.#opened);
  }

  async *incoming(): AsyncGenerator<IncomingMessage, undefined> {
    for await (const content of this) {
      const message = new WholeMessage(content);
      yield message;
      message.leave();
    }
  }

  /** Calls a handler. What it throws, or rejects with, closes the socket. */
  async #call(handler: () => unknown): Promise<void> {
    try {
      await handler();
    } catch (error) {
      void this.#tell(error);
      this.#beginClose(
        internalError,
        "",
        error instanceof Error ? error : new Error("a handler failed", { cause: error }),
      );
      this.#inbox.stop();
    }
  }

  async #tell(error: unknown): Promise<void> {
    try {
      // Declared as void, and yet an async function is one of them.
      const handlers: { error?(error: unknown, socket: Socket): unknown } = this.#options;
      if (handlers.error === undefined) throw error;
      await handlers.error(error, this);
    } catch (unhandled) {
      // eslint-disable-next-line no-console -- an error that nobody handles has no better place
      console.error("openline: a handler failed", unhandled);
    }
  }

  // The end

  close(code = 1000, reason = ""): Promise<CloseReport> {
    checkClose(code, reason);
    this.#beginClose(code, reason);
    return this.closed;
  }

  terminate(): void {
    this.#inbox.stop();
    this.#cut();
  }

  async [asyncDispose](): Promise<void> {
    await this.close();
  }

  #beginClose(code: number, reason: string, cause?: Error): void {
    if (this.readyState !== "open") return;
    this.#cause ??= cause;
    this.#isBegunByUs = true;
    const { closeTimeoutMs } = this.#limits;
    // Platforms wait for the peer's Close frame for a minute, or for ever.
    this.#deadline = setTimeout(() => this.#cut(new CloseTimeoutError(closeTimeoutMs)), closeTimeoutMs);
    this.#webSocket.close(code, reason);
  }

  /** Lets go of the connection. The platform does not let us cut it, and ends it in its own time. */
  #cut(cause?: Error): void {
    this.#cause ??= cause;
    this.#isBegunByUs ||= this.readyState === "open";
    this.#webSocket.close();
    this.#end({ code: CloseCode.abnormalClosure, reason: "", wasClean: false });
  }

  #end({ code, reason, wasClean }: End): void {
    if (this.#report) return;
    const webSocket = this.#webSocket;
    webSocket.onmessage = webSocket.onerror = webSocket.onclose = null;
    clearTimeout(this.#deadline);
    const isByUs = this.#isBegunByUs;
    const cause = this.#cause;
    this.#report = {
      outcome: wasClean ? (isByUs ? "closed-by-us" : "closed-by-peer") : "dropped",
      // Deno says 0 where RFC 6455 §7.1.5 says 1006.
      code: code || CloseCode.abnormalClosure,
      reason,
      wasClean,
      initiator: isByUs ? "us" : "peer",
      phase: wasClean || this.#deadline ? "closing" : "open",
      rule: ruleOf(cause),
      cause,
    };
    this.#closed.resolve(this.#report);
    this.#inbox.end();
  }
}

/** A promise that may be left alone. */
function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

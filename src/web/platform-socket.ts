/**
 * The socket over a platform's WebSocket.
 *
 * The platform has the protocol; here are its edges: messages are delivered one at a time, `send` tells what became of a
 * message, and how it ended is a report. What the platform does not let us do is told by an error, never left out in
 * silence.
 */
import { ruleOf } from "../protocol/broken-rule.js";
import type { CloseReport } from "../protocol/close-handshake.js";
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import { callAside } from "../socket/calling.js";
import { deferred, rejectedQuietly } from "../socket/deferred.js";
import { CloseTimeoutError, ConnectionClosedError, InboxFullError, SlowPeerError } from "../socket/errors.js";
import { asError, reportTo } from "../socket/handler-error.js";
import { buffered, refusedClosed, refusedClosing, refusedFull, sent } from "../socket/send-results.js";
import type { Message, SendData, SendOptions, SendResult, Socket } from "../socket/socket.js";
import type { Timer } from "../transport/platform.js";
import { checkClose, sendable } from "./arguments.js";
import { Inbox, type InboxOwner } from "./inbox.js";
import type { ConnectOptions, ResolvedOptions } from "./options.js";
import type { PlatformWebSocket, WebPlatform } from "./platform.js";

/** How often it is looked whether there is room, while somebody waits: at 64 KiB a look that is 16 MiB a second. */
const lookIntervalMs = 4;

/** The platform's constant. */
const isOpen = 1;

/** Not every platform has the symbol; what compiles `await using` for those looks for this one. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/**
 * Pages may send 1000 and 3000-4999 only. What Node closes with as 1008 (policy violation) and 1011 (internal error) has
 * the same last digits here.
 */
const policyViolation = 4008;
const internalError = 4011;

/** How the connection ended, as far as the platform tells. */
type End = Pick<CloseReport, "code" | "reason" | "wasClean">;

const cut: End = { code: 1006, reason: "", wasClean: false };

/**
 * Makes the socket of a connection, and calls the `open` handler: messages wait until what it returns has settled.
 *
 * @param socket one that has just opened, so that no message has come
 */
export function openPlatformSocket(
  socket: PlatformWebSocket,
  handlers: ConnectOptions,
  options: ResolvedOptions,
  platform: WebPlatform,
): Socket {
  return new PlatformSocket(socket, handlers, options, platform);
}

class PlatformSocket implements Socket, InboxOwner {
  data: undefined;
  readonly #socket: PlatformWebSocket;
  readonly #handlers: ConnectOptions;
  readonly #options: ResolvedOptions;
  readonly #platform: WebPlatform;
  readonly #inbox: Inbox = new Inbox(this);
  readonly #closed = deferred<CloseReport>();
  readonly handle: InboxOwner["handle"];

  /** Those who wait for room. */
  #room: { readonly promise: Promise<void>; readonly settle: (report?: CloseReport) => void } | undefined;
  #wantsDrain = false;
  #look: Timer | undefined;

  #isClosing = false;
  #isBegunByUs = false;
  /** What we failed the connection with. */
  #failure: End | undefined;
  #cause: Error | undefined;
  #deadline: Timer | undefined;
  #report: CloseReport | undefined;
  #isCloseHandled = false;

  constructor(socket: PlatformWebSocket, handlers: ConnectOptions, options: ResolvedOptions, platform: WebPlatform) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#options = options;
    this.#platform = platform;
    this.handle = handlers.message && ((message) => handlers.message?.(this, message));
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      this.#received(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    };
    socket.onerror = (event) => {
      // Browsers tell nothing here, other platforms do.
      const { error } = event as Partial<ErrorEvent>;
      if (error instanceof Error) this.#cause ??= error;
    };
    socket.onclose = (event) => this.#end(event);
    this.#inbox.run(() => handlers.open?.(this), "the open handler");
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get extensions(): string {
    return this.#socket.extensions;
  }

  get remoteAddress(): undefined {
    return undefined;
  }

  get readyState(): "open" | "closing" | "closed" {
    if (this.#report !== undefined) return "closed";
    return this.#socket.readyState === isOpen && !this.#isBegunByUs ? "open" : "closing";
  }

  get bufferedBytes(): number {
    // A platform goes on counting what is "sent" on a socket that is closed.
    return this.#report === undefined ? this.#socket.bufferedAmount : 0;
  }

  get memoryBytes(): number {
    return this.#inbox.heldBytes + this.bufferedBytes;
  }

  get droppedMessages(): number {
    return 0;
  }

  get closed(): Promise<CloseReport> {
    return this.#closed.promise;
  }

  // Sending

  send(data: SendData, options?: SendOptions): SendResult {
    const message = sendable(data);
    if (options?.compress === false && this.extensions !== "") {
      throw new PlainUsageError("unsupported-by-platform", undefined, undefined, "compress: false");
    }
    if (this.readyState !== "open") return this.#report === undefined ? refusedClosing : refusedClosed;
    const { highWaterMarkBytes, maxSendBufferBytes } = this.#options;
    if (this.bufferedBytes >= maxSendBufferBytes) {
      if (this.#handlers.slowPeer !== "refuse") this.#cut(new SlowPeerError(this.bufferedBytes, maxSendBufferBytes));
      return refusedFull;
    }
    this.#socket.send(message);
    if (this.bufferedBytes <= highWaterMarkBytes) return sent;
    this.#wantsDrain = this.#handlers.drain !== undefined;
    if (this.#wantsDrain) this.#lookLater();
    return buffered;
  }

  ready(): Promise<void> {
    if (this.#report !== undefined) return rejectedQuietly(closedBeforeRoom(this.#report));
    if (this.bufferedBytes <= this.#options.highWaterMarkBytes) return Promise.resolve();
    this.#lookLater();
    return (this.#room ??= makeRoom()).promise;
  }

  /** A platform tells nobody when it has sent something. */
  #lookLater(): void {
    this.#look ??= this.#platform.clock.setTimer(() => {
      this.#look = undefined;
      if (this.bufferedBytes > this.#options.highWaterMarkBytes) {
        this.#lookLater();
        return;
      }
      this.#room?.settle();
      this.#room = undefined;
      if (!this.#wantsDrain) return;
      this.#wantsDrain = false;
      this.#call("the drain handler", () => this.#handlers.drain?.(this));
    }, lookIntervalMs);
  }

  ping(): Promise<number> {
    const hint = "ping: send a message that the server answers";
    return rejectedQuietly(new PlainUsageError("unsupported-by-platform", undefined, undefined, hint));
  }

  // Receiving

  #received(message: Message): void {
    if (this.#failure !== undefined) return;
    this.#inbox.push(message);
    const { heldBytes } = this.#inbox;
    const { maxInboxBytes } = this.#options;
    if (heldBytes <= maxInboxBytes) return;
    // The report says what this is, and no gap may follow: this message was the last.
    const full = new InboxFullError(heldBytes, maxInboxBytes);
    this.#failure = { code: policyViolation, reason: full.code, wasClean: false };
    this.#beginClose(policyViolation, full.code, full);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#inbox.iterate();
  }

  failed(error: unknown, during: string): void {
    reportTo(this.#handlers, this.#platform, error, during, this);
    this.#beginClose(internalError, "", asError(error));
    this.#inbox.stop();
  }

  #call(during: string, handler: () => unknown): void {
    callAside(handler, (error) => this.failed(error, during));
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
    this.#isClosing = true;
    const { closeTimeoutMs } = this.#options;
    // Platforms wait for the peer's Close frame for a minute, or for ever.
    this.#deadline = this.#platform.clock.setTimer(() => this.#cut(new CloseTimeoutError(closeTimeoutMs)), closeTimeoutMs);
    this.#socket.close(code, reason);
  }

  /** Lets go of the connection. The platform does not let us cut it, and ends it in its own time. */
  #cut(cause?: Error): void {
    if (this.#report !== undefined) return;
    this.#cause ??= cause;
    this.#isBegunByUs ||= this.readyState === "open";
    this.#socket.close();
    this.#end(cut);
  }

  #end({ code, reason, wasClean }: End): void {
    const socket = this.#socket;
    socket.onmessage = socket.onerror = socket.onclose = null;
    this.#deadline?.cancel();
    this.#look?.cancel();
    const cause = this.#cause;
    const end = this.#failure ?? { code, reason, wasClean };
    const isByUs = this.#isBegunByUs;
    const report: CloseReport = {
      ...end,
      outcome: this.#failure ? "failed" : wasClean ? (isByUs ? "closed-by-us" : "closed-by-peer") : "dropped",
      initiator: isByUs ? "us" : "peer",
      phase: end.wasClean || (this.#isClosing && !this.#failure) ? "closing" : "open",
      rule: ruleOf(cause),
      cause,
    };
    this.#report = report;
    this.#closed.resolve(report);
    this.#room?.settle(report);
    if (this.handle === undefined) this.idle();
    this.#inbox.end();
  }

  idle(): void {
    const report = this.#report;
    if (report === undefined || this.#isCloseHandled) return;
    this.#isCloseHandled = true;
    this.#call("the close handler", () => this.#handlers.close?.(this, report));
  }
}

function closedBeforeRoom(report: CloseReport): ConnectionClosedError {
  return new ConnectionClosedError("there was room", report);
}

function makeRoom(): { readonly promise: Promise<void>; readonly settle: (report?: CloseReport) => void } {
  let settle: (report?: CloseReport) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = (report) => (report === undefined ? resolve() : reject(closedBeforeRoom(report)));
  });
  // Nobody has to look at it.
  promise.catch(() => undefined);
  return { promise, settle };
}

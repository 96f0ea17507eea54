/**
 * The socket under a `WebSocket` object: an ordinary one, which tells what `ws` has events and callbacks for, and pauses
 * where the application wants it to.
 */
import { Buffer } from "node:buffer";
import type { CloseBody, CloseReport, ConnectionContext, ProtocolError } from "../../protocol/index.js";
import { CloseCode } from "../../protocol/index.js";
import type { ReceiptParts, SendOptions, SocketContext, SocketDetails } from "../../socket/index.js";
import { createSocketContext, Endpoint, PauseReason } from "../../socket/index.js";
import type { ByteStream } from "../../transport/index.js";
import { nodePlatform } from "../../transport/node/index.js";
import type { ResolvedLinkOptions } from "./link-options.js";
import { LinkReceipt, type LinkReceiptOwner } from "./link-receipt.js";
import { throwLater } from "./throw-later.js";
import { type SendCallback, WrittenCallbacks } from "./written-callbacks.js";

/** Whoever hears of what happens on a link. What it throws is the process's uncaught exception. */
export interface LinkOwner {
  /** See `LinkReceiptOwner`. */
  messageCame(data: Buffer, isBinary: boolean): void;
  /** See `LinkReceiptOwner`. */
  controlCame(type: "ping" | "pong", data: Buffer): void;
  /** See `LinkReceiptOwner`. */
  ruleBroken(error: ProtocolError): void;
  /** The peer has sent its Close frame, and it has been answered where that was due. */
  closeCame(body: CloseBody): void;
  /** The stream ends. */
  streamEnds(): void;
  /** The connection is over, and everything before that has been told. */
  connectionOver(report: CloseReport): void;
}

/** What the links of a server, or of one client, share. */
export interface LinkContext extends SocketContext<LinkOwner> {
  /** Whether several events may follow one another within a call. */
  readonly allowsSynchronousEvents: boolean;
}

/** Puts it together. */
export function createLinkContext(
  role: "server" | "client",
  options: ResolvedLinkOptions,
  observer: SocketContext<LinkOwner>["observer"],
): LinkContext {
  // What tells that there is a handler; the link takes its messages itself.
  const handlers = {
    message: () => undefined,
    close: (socket: unknown, report: CloseReport) => (socket as Link).tellOver(report),
  };
  const context = createSocketContext<LinkOwner>(role, nodePlatform, options.socket, handlers, observer);
  const connection: ConnectionContext = {
    ...context.connection,
    ...(options.maskingKeys === undefined ? {} : { maskingKeys: options.maskingKeys }),
    textOctets: options.skipsUtf8Validation ? "unchecked" : "checked",
    answersPings: options.answersPings,
    // A Close frame of `ws` after a failure has a code and nothing else.
    namesBrokenRule: false,
  };
  return {
    ...context,
    connection,
    // As in `ws`: whoever has sent too long a message hears why, and ends, when all of it was taken.
    maxDiscardedBytes: Number.MAX_SAFE_INTEGER,
    allowsSynchronousEvents: options.allowsSynchronousEvents,
  };
}

/** See the head of this file. */
export class Link extends Endpoint<LinkOwner> implements LinkReceiptOwner {
  /** Made by the constructor of what this extends. */
  declare private receipt: LinkReceipt<LinkOwner>;
  #callbacks: WrittenCallbacks | undefined;
  #isBlocked = false;
  /** Events that wait for a turn each, where they may not follow one another at once. */
  readonly #events: (() => void)[] | undefined;

  constructor(context: LinkContext, stream: ByteStream, details: SocketDetails<LinkOwner>) {
    super(context, stream, details);
    if (!context.allowsSynchronousEvents) this.#events = [];
  }

  protected override createReceipt(...parts: ReceiptParts<LinkOwner>): LinkReceipt<LinkOwner> {
    this.receipt = new LinkReceipt(parts, this);
    return this.receipt;
  }

  // Sending

  /** Sends a message. */
  sendMessage(message: string | Uint8Array, isText: boolean, options?: SendOptions): void {
    const { connection } = this.receipt;
    if (typeof message === "string") connection.sendText(message, options);
    else if (isText) connection.sendTextOctets(message, options);
    else connection.sendBinary(message, options);
    this.accepted(message);
  }

  /** Sends a fragment of a message. */
  sendFragment(message: string | Uint8Array, isText: boolean, fin: boolean, options?: SendOptions): void {
    const data = typeof message === "string" && !isText ? Buffer.from(message) : message;
    this.receipt.connection.sendFragment(isText ? "text" : "binary", data, fin, options);
    this.accepted(data);
  }

  /** Sends a ping or a pong. */
  sendControl(type: "ping" | "pong", payload: Uint8Array): void {
    this.receipt.connection[type](payload);
    this.outputAdded();
  }

  /** Calls back when everything that was sent so far has left. */
  whenWritten(callback: SendCallback): void {
    if (this.bufferedBytes === 0) process.nextTick(callback);
    else (this.#callbacks ??= new WrittenCallbacks()).add(callback);
  }

  /**
   * Octets that wait for the peer, or for an extension. What leaves when the turn ends is not among them: in `ws`, the
   * operating system has that already.
   */
  get waitingBytes(): number {
    return this.#isBlocked ? this.bufferedBytes : this.receipt.connection.output.pendingBytes;
  }

  override outputBlocked(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
    super.outputBlocked(isBlocked);
    // What is still being compressed is not in the output yet, and its callback stands among the others: all wait.
    if (isBlocked && this.receipt.connection.output.pendingBytes === 0) this.#callbacks?.writing();
    else if (!isBlocked) this.#callbacks?.written();
  }

  override outputEmpty(): void {
    super.outputEmpty();
    if (this.receipt.connection.output.pendingBytes === 0) this.#callbacks?.allWritten();
  }

  /** Reads on from a peer that does not read: that is for the application to judge here, by `bufferedAmount`. */
  override outputStuck(): void {
    // Nothing: see above.
  }

  override terminate(): void {
    // What was sent before leaves as far as the system takes it, as what is written into a socket of Node's does: a Close
    // frame with the reason of a failure is not lost to those who terminate in the listener of `error`.
    this.flushNow();
    super.terminate();
  }

  // Receiving

  /** Reads no more, until `readOn`. */
  stopReading(): void {
    this.pauseReading(PauseReason.application);
  }

  /** Reads on. */
  readOn(): void {
    this.resumeReading(PauseReason.application);
  }

  messageCame(data: Buffer, isBinary: boolean): void {
    if (this.#events !== undefined) {
      this.#tellLater(() => this.data.messageCame(data, isBinary));
      return;
    }
    try {
      this.data.messageCame(data, isBinary);
    } catch (error) {
      throwLater(error);
    }
  }

  controlCame(type: "ping" | "pong", data: Buffer): void {
    this.#tell(() => this.data.controlCame(type, data));
  }

  ruleBroken(error: ProtocolError): void {
    this.#tell(() => this.data.ruleBroken(error));
  }

  override receivedClose(body: CloseBody): boolean {
    super.receivedClose(body);
    // With its own code and reason, as `ws` answers. Where ours was first, nothing is sent.
    this.beginClose(body.code === CloseCode.noStatusReceived ? undefined : body.code, body.reason);
    this.data.closeCame(body);
    return false;
  }

  override streamEnded(): void {
    this.data.streamEnds();
    super.streamEnded();
  }

  override streamClosed(error?: Error): void {
    this.data.streamEnds();
    super.streamClosed(error);
  }

  /** The connection is over: tells it behind the events that wait. */
  tellOver(report: CloseReport): void {
    this.#tell(() => {
      this.#callbacks?.fail(new Error("The socket was closed before the data had been written"));
      this.data.connectionOver(report);
    });
  }

  override handlerFailed(error: unknown): void {
    throwLater(error);
  }

  #tell(event: () => void): void {
    if (this.#events !== undefined) {
      this.#tellLater(event);
      return;
    }
    try {
      event();
    } catch (error) {
      throwLater(error);
    }
  }

  #tellLater(event: () => void): void {
    const events = this.#events as (() => void)[];
    events.push(event);
    if (events.length > 1) return;
    this.pauseReading(PauseReason.event);
    setImmediate(() => this.#tellNext(events));
  }

  #tellNext(events: (() => void)[]): void {
    try {
      events[0]?.();
    } catch (error) {
      throwLater(error);
    }
    events.shift();
    if (events.length > 0) setImmediate(() => this.#tellNext(events));
    else this.resumeReading(PauseReason.event);
  }
}

/**
 * Messages for whoever pulls them one by one, each handed over when it begins; and what of them waits to be read.
 *
 * While `maxInboxBytes` wait, nothing is read on, be they pieces of the message that is coming or messages behind one that
 * somebody still works on. What an extension makes of a message stops at the same amount.
 */
import type { CloseReport, PieceSink, ProtocolError, TextCodec } from "../protocol/index.js";
import type { SocketContext } from "./context.js";
import type { Delivery, Streaming } from "./delivery.js";
import { ConnectionClosedError } from "./errors.js";
import { type IncomingMessage, type MessageContext, ReceivedMessage } from "./incoming-message.js";
import { MessageBody } from "./message-body.js";
import type { ConsumerOwner } from "./message-iterator.js";
import { PullIterator } from "./message-iterator.js";
import type { Entry } from "./message-queue.js";
import type { AnySocket } from "./observer.js";
import type { RateLimiter } from "./rate-limit.js";
import { PauseReason } from "./reading.js";
import type { Message } from "./socket.js";

/** The socket, as far as its incoming messages need it. */
export interface IncomingOwner extends AnySocket {
  /** Octets that may wait. */
  readonly maxInboxBytes: number;
  /** Whether this side has sent its Close frame, and must read on for the peer's. */
  readonly isLeaving: boolean;
  /** Whether nothing comes any more but what has come. */
  readonly isStreamGone: boolean;
  /** The step in which octets last came. */
  readonly heardStep: number;
  /** The step in which a message last came or went. */
  activeStep: number;
  /** Something is held in memory. */
  messageWaits(): void;
  pauseReading(reason: PauseReason): void;
  resumeReading(reason: PauseReason): void;
  /** Fails the connection (§7.1.7). */
  fail(error: ProtocolError): void;
}

/** The socket's receipt, as far as its incoming messages need it. */
export interface PieceOwner {
  /** More of a message has come. */
  messageGoesOn(): void;
  /** An extension may go on. */
  roomForPieces(): void;
}

/** Each message when it begins. */
class IncomingIterator extends PullIterator<IncomingMessage> {
  readonly #handOver: (entry: Entry) => ReceivedMessage;

  constructor(owner: ConsumerOwner, handOver: (entry: Entry) => ReceivedMessage) {
    super(owner);
    this.#handOver = handOver;
  }

  protected give(entry: Entry, answer: (result: IteratorResult<IncomingMessage, undefined>) => void): void {
    const message = this.#handOver(entry);
    answer({ done: false, value: message });
    // The one after it has been asked for already.
    if (this.isWaiting) message.leave();
  }
}

/** See the head of this file. */
export class IncomingMessages implements PieceSink, Streaming, MessageContext {
  readonly text: TextCodec;
  readonly maxMessageBytes: number;
  readonly #context: Pick<SocketContext<unknown>, "observer" | "connection">;
  readonly #delivery: Delivery;
  readonly #limiter: RateLimiter | undefined;
  readonly #receipt: PieceOwner;
  readonly #owner: IncomingOwner;
  /** The message that is coming. */
  #coming: MessageBody | undefined;
  /** Messages that were given up, whose consumers are to hear how the connection has ended. */
  readonly #cut: MessageBody[] = [];
  #isTransformed = false;
  #byteLength = 0;
  /** The message that was handed over last. */
  #current: ReceivedMessage | undefined;
  #waitingBytes = 0;
  #collectedBytes = 0;
  #isFull = false;
  /** Whether reading stops where the message ends that is coming. */
  #stopsBehind = false;

  constructor(
    context: Pick<SocketContext<unknown>, "observer" | "connection">,
    delivery: Delivery,
    limiter: RateLimiter | undefined,
    receipt: PieceOwner,
    owner: IncomingOwner,
  ) {
    this.#context = context;
    this.#delivery = delivery;
    this.#limiter = limiter;
    this.#receipt = receipt;
    this.#owner = owner;
    this.text = context.connection.text;
    this.maxMessageBytes = context.connection.limits.maxMessageBytes;
    delivery.streaming = this;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get heldBytes(): number {
    return this.#waitingBytes + this.#collectedBytes;
  }

  /** Takes messages one by one. As `Delivery.iterate`. */
  iterate(): AsyncIterableIterator<IncomingMessage, undefined> {
    const iterator = new IncomingIterator(this.#delivery, (entry) => this.#handOver(entry));
    this.#delivery.consume(iterator, this);
    return iterator;
  }

  #handOver(entry: Entry): ReceivedMessage {
    return (this.#current = new ReceivedMessage(this, entry));
  }

  allocate(byteLength: number): Uint8Array {
    const { allocate } = this.#context.connection;
    return allocate === undefined ? new Uint8Array(byteLength) : allocate(byteLength);
  }

  leaveCurrent(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.leave();
  }

  async whole(body: MessageBody): Promise<Message> {
    const message = new ReceivedMessage(this, body);
    return message.type === "text" ? message.text() : message.bytes();
  }

  // What comes from the connection

  messageStarted(type: "text" | "binary", isTransformed: boolean): void {
    this.#byteLength = 0;
    this.#isTransformed = isTransformed;
    this.#receipt.messageGoesOn();
    if (this.#limiter?.message() === false || this.#delivery.isStopped) {
      this.#coming = undefined;
      return;
    }
    const body = new MessageBody(type, this);
    this.#coming = body;
    this.#delivery.deliver(body);
    // There was no room for it, and nobody will ever read it.
    if (this.#delivery.isStopped) this.#coming = undefined;
  }

  messagePiece(bytes: Uint8Array, start: number, end: number, isOwned: boolean): boolean {
    this.#receipt.messageGoesOn();
    this.#byteLength += end - start;
    this.#coming?.push(bytes, start, end, isOwned);
    return this.#coming === undefined || this.#hasRoom(this.#coming);
  }

  messageEnded(): void {
    const body = this.#coming;
    this.#coming = undefined;
    if (body === undefined) return;
    this.#context.observer?.received?.(this.#owner, body.type, this.#byteLength, this.#isTransformed);
    body.end();
    if (this.#stopsBehind) this.#owner.pauseReading(PauseReason.leaving);
  }

  /** Stops reading; behind the message that is coming, where somebody takes it, for it may be what is at work. */
  leave(): void {
    if (this.#coming?.isTaken === true) this.#stopsBehind = true;
    else this.#owner.pauseReading(PauseReason.leaving);
  }

  /** Whether more of a message can come; otherwise reading stops, where it may. */
  #hasRoom(body: MessageBody): boolean {
    if (this.#delivery.waitingBytes < this.#owner.maxInboxBytes || body.isOver) return true;
    if (this.#mustGoOn(body)) {
      this.#giveUp(body);
      return true;
    }
    this.#isFull = true;
    this.#owner.pauseReading(PauseReason.body);
    return false;
  }

  /**
   * Whether reading goes on though nobody takes what comes: nothing more comes anyway, or the peer's Close frame has to be
   * found. Whoever is reading may still take everything, as long as the closing handshake may take.
   */
  #mustGoOn(body: MessageBody): boolean {
    return this.#owner.isStreamGone || (this.#owner.isLeaving && !body.isTaken);
  }

  /** A message that finds no room. No gap may follow, so that it is the last one. */
  #giveUp(body: MessageBody): void {
    body.cut();
    this.#cut.push(body);
    this.#delivery.dropWhatComes();
  }

  /** This side closes, or the stream is gone. */
  goesOn(): void {
    this.#stopsBehind = false;
    const body = this.#coming;
    if (body === undefined || !this.#isFull || !this.#mustGoOn(body)) return;
    this.#giveUp(body);
  }

  /** The connection has failed. What has come of the last message can still be read. */
  failed(error: ProtocolError): void {
    this.#coming?.fail(error);
  }

  /** The connection is over. */
  ended(report: CloseReport): void {
    const error = new ConnectionClosedError("a message had come to its end", report);
    this.#coming?.fail(error);
    this.#coming = undefined;
    for (const body of this.#cut.splice(0)) body.fail(error);
  }

  stop(): void {
    if (this.#coming !== undefined) this.#giveUp(this.#coming);
  }

  // What comes from bodies

  bodyHolds(moreBytes: number, isCollected: boolean): void {
    if (isCollected) this.#collectedBytes += moreBytes;
    else this.#waitingBytes += moreBytes;
    if (moreBytes > 0) this.#owner.messageWaits();
  }

  bodyRead(): void {
    if (!this.#isFull || this.#delivery.waitingBytes > this.#owner.maxInboxBytes / 2) return;
    this.#isFull = false;
    this.#owner.resumeReading(PauseReason.body);
    this.#receipt.roomForPieces();
  }

  fail(error: ProtocolError): void {
    this.#owner.fail(error);
  }
}

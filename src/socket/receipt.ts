/**
 * What one socket receives, on its way from the connection to delivery: it is counted, told to whoever observes, and given
 * to the consumer as that takes it. While there is no consumer, what only some would take waits.
 */
import type {
  CloseBody,
  CloseReport,
  Connection,
  ConnectionSink,
  DataOpcode,
  ProtocolError,
  Receiving,
} from "../protocol/index.js";
import type { SocketContext } from "./context.js";
import type { Delivery } from "./delivery.js";
import type { IncomingMessage } from "./incoming-message.js";
import { IncomingMessages, type IncomingOwner } from "./incoming-messages.js";
import { deliverOutOfChunk } from "./lending.js";
import type { RateLimiter } from "./rate-limit.js";
import { PauseReason } from "./reading.js";
import type { SocketWatch } from "./socket-watch.js";

/** The socket, as far as its receipt needs it. */
export interface ReceiptOwner extends IncomingOwner {
  /** The peer's Close frame has come. Returns whether to answer it now. */
  receivedClose(body: CloseBody): boolean;
  /** See `ConnectionSink.transforming`. */
  transforming(isPending: boolean): void;
  /** See `ConnectionSink.messageWritten`. */
  messageWritten(opcode: DataOpcode, payload: string | number, isTransformed: boolean): void;
  /** See `ConnectionSink.sendingEnded`. */
  sendingEnded(): void;
  /** See `ConnectionSink.outputAdded`. */
  outputAdded(): void;
  /** The connection has failed. */
  failed(error: ProtocolError): void;
}

/** What a receipt is made of, but for its owner. */
export type ReceiptParts<Data> = readonly [
  context: SocketContext<Data>,
  delivery: Delivery,
  limiter: RateLimiter | undefined,
];

/** See the head of this file. */
export class Receipt<Data> implements ConnectionSink {
  readonly #context: SocketContext<Data>;
  readonly #delivery: Delivery;
  readonly #limiter: RateLimiter | undefined;
  readonly #owner: ReceiptOwner;
  #connection: Connection | undefined;
  #watch: SocketWatch | undefined;
  #incoming: IncomingMessages | undefined;

  constructor(context: SocketContext<Data>, delivery: Delivery, limiter: RateLimiter | undefined, owner: ReceiptOwner) {
    this.#context = context;
    this.#delivery = delivery;
    this.#limiter = limiter;
    this.#owner = owner;
  }

  /** Names what is made with it: the connection whose sink it is, and what watches that. */
  begin(connection: Connection, watch: SocketWatch): void {
    this.#connection = connection;
    this.#watch = watch;
    if (this.#delivery.isUndecided) connection.receiving = "undecided";
  }

  // What comes from the connection

  messageBegun(): void {
    this.#watch?.messageBegun();
  }

  receivedText(text: string, byteLength: number, isTransformed: boolean): void {
    if (this.#limiter?.message() === false) return;
    this.#owner.activeStep = this.#owner.heardStep;
    this.#context.observer?.received?.(this.#owner, "text", byteLength, isTransformed);
    this.#delivery.deliver(text);
  }

  receivedBinary(bytes: Uint8Array, start: number, end: number, isOwned: boolean, isTransformed: boolean): void {
    if (this.#limiter?.message() === false) return;
    this.#owner.activeStep = this.#owner.heardStep;
    this.#context.observer?.received?.(this.#owner, "binary", end - start, isTransformed);
    if (isOwned) this.#delivery.deliver(bytes);
    else deliverOutOfChunk(this.#delivery, this.#context, bytes, start, end);
  }

  receivedPing(_bytes: Uint8Array, _start: number, _end: number): void {
    this.#limiter?.controlFrame();
  }

  receivedPong(bytes: Uint8Array, start: number, end: number): void {
    const roundTripMs = this.#watch?.pong(bytes, start, end);
    // Who answers our pings does what it has to (§5.5.2), however many we send.
    if (roundTripMs === undefined && this.#watch?.takeAwaitedPong() !== true) this.#limiter?.controlFrame();
    if (roundTripMs !== undefined) this.#context.observer?.roundTrip?.(this.#owner, roundTripMs);
  }

  receivedClose(body: CloseBody): boolean {
    return this.#owner.receivedClose(body);
  }

  transforming(isPending: boolean): void {
    this.#owner.transforming(isPending);
  }

  messageWritten(opcode: DataOpcode, payload: string | number, isTransformed: boolean): void {
    this.#owner.messageWritten(opcode, payload, isTransformed);
  }

  sendingEnded(): void {
    this.#owner.sendingEnded();
  }

  outputAdded(): void {
    this.#owner.outputAdded();
  }

  sizeInDoubt(): void {
    this.#owner.pauseReading(PauseReason.consumer);
  }

  failed(error: ProtocolError): void {
    this.#owner.failed(error);
    this.#incoming?.failed(error);
  }

  // Who takes it

  /** Messages while they come. As `Socket.incoming`. */
  incoming(): AsyncIterableIterator<IncomingMessage, undefined> {
    this.#incoming ??= new IncomingMessages(this.#context, this.#delivery, this.#limiter, this, this.#owner);
    return this.#incoming.iterate();
  }

  /** There is another consumer, or none. */
  receive(receiving: Receiving): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { isLeaving, isStreamGone } = this.#owner;
    // Once this side closes, nothing may wait for a consumer any more.
    connection.receiving = receiving === "undecided" && (isLeaving || isStreamGone) ? "whole" : receiving;
    if (receiving !== "undecided") this.#owner.resumeReading(PauseReason.consumer);
  }

  /** This side closes, or the stream is gone: nothing may wait any more for somebody who may never come. */
  readsOn(): void {
    if (this.#delivery.isUndecided) this.receive("whole");
    this.#incoming?.goesOn();
  }

  /** This side is to close when nothing is at work: reads no more messages. */
  leave(): void {
    if (this.#incoming === undefined) this.#owner.pauseReading(PauseReason.leaving);
    else this.#incoming.leave();
  }

  /** Octets have come while something is held: an unfinished message may have grown. */
  grown(): void {
    const connection = this.#connection;
    this.#watch?.countMemory();
    if (!this.#delivery.isUndecided || connection?.isMidMessage !== true) return;
    const { maxInboxBytes, isLeaving } = this.#owner;
    if (!isLeaving && connection.heldBytes + this.#delivery.waitingBytes >= maxInboxBytes) this.sizeInDoubt();
  }

  // For messages that are handed on while they come

  /** More of a message has come: it is no unfinished one, and the connection is not idle. */
  messageGoesOn(): void {
    this.#watch?.messageGoesOn();
    this.#owner.activeStep = this.#owner.heardStep;
  }

  /** An extension may go on. */
  roomForPieces(): void {
    this.#connection?.roomForPieces();
  }

  /** The connection is over. */
  ended(report: CloseReport): void {
    this.#incoming?.ended(report);
  }
}

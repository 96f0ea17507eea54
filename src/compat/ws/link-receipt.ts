/**
 * What a link receives: messages as buffers, pings and pongs, each told at once and in order.
 */
import type { CloseBody, Connection, ProtocolError } from "../../protocol/index.js";
import { Receipt, type ReceiptOwner, type ReceiptParts } from "../../socket/index.js";
import { asBuffer, copyToBuffer } from "./payload.js";

/** The link, as far as its receipt needs it. */
export interface LinkReceiptOwner extends ReceiptOwner {
  /** A message has come. The buffer may be kept. */
  messageCame(data: Buffer, isBinary: boolean): void;
  /** A ping or a pong has come. */
  controlCame(type: "ping" | "pong", data: Buffer): void;
  /** The peer has broken a rule, and the connection has failed. */
  ruleBroken(error: ProtocolError): void;
  /** The peer's Close frame has come. */
  receivedClose(body: CloseBody): boolean;
}

/** See the head of this file. */
export class LinkReceipt<Data> extends Receipt<Data> {
  readonly #observer: ReceiptParts<Data>[0]["observer"];
  readonly #owner: LinkReceiptOwner;
  #connection: Connection | undefined;

  constructor(parts: ReceiptParts<Data>, owner: LinkReceiptOwner) {
    super(...parts, owner);
    this.#observer = parts[0].observer;
    this.#owner = owner;
  }

  /** The connection that it hears of. */
  get connection(): Connection {
    return this.#connection as Connection;
  }

  override begin(...parts: Parameters<Receipt<Data>["begin"]>): void {
    this.#connection = parts[0];
    super.begin(...parts);
  }

  receivedTextOctets(bytes: Uint8Array, start: number, end: number, isOwned: boolean, isTransformed: boolean): void {
    this.#observer?.received?.(this.#owner, "text", end - start, isTransformed);
    this.#owner.messageCame(isOwned ? asBuffer(bytes, start, end) : copyToBuffer(bytes, start, end), false);
  }

  override receivedBinary(
    bytes: Uint8Array,
    start: number,
    end: number,
    isOwned: boolean,
    isTransformed: boolean,
  ): void {
    this.#observer?.received?.(this.#owner, "binary", end - start, isTransformed);
    this.#owner.messageCame(isOwned ? asBuffer(bytes, start, end) : copyToBuffer(bytes, start, end), true);
  }

  override receivedPing(bytes: Uint8Array, start: number, end: number): void {
    this.#owner.controlCame("ping", copyToBuffer(bytes, start, end));
  }

  override receivedPong(bytes: Uint8Array, start: number, end: number): void {
    super.receivedPong(bytes, start, end);
    this.#owner.controlCame("pong", copyToBuffer(bytes, start, end));
  }

  override failed(error: ProtocolError): void {
    super.failed(error);
    this.#owner.ruleBroken(error);
  }
}

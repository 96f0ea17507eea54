/**
 * The socket under a `WebSocket` object: tells it what an ordinary application does not hear of, in order with its
 * messages.
 */
import type { Message, SendData, SocketContext, SocketDetails } from "../../socket/index.js";
import { Endpoint } from "../../socket/index.js";
import type { ByteStream } from "../../transport/index.js";
import type { BufferedAmount } from "./buffered-amount.js";

/** The `WebSocket` object, as far as its socket needs it. */
export interface WebSocketEndpointOwner {
  readonly bufferedAmount: BufferedAmount;
  /** "The WebSocket closing handshake is started", or the connection has failed. All messages before it are handled. */
  closingStarted(): void;
}

/** See the head of this file. */
export class WebSocketEndpoint extends Endpoint<undefined> {
  readonly #owner: WebSocketEndpointOwner;
  /** Whether a message is being handled, or waits to be. */
  #isBusy = false;
  #isClosingTold = false;

  constructor(
    context: SocketContext<undefined>,
    stream: ByteStream,
    details: SocketDetails<undefined>,
    owner: WebSocketEndpointOwner,
  ) {
    super(context, stream, details);
    this.#owner = owner;
  }

  /**
   * Sends a message.
   *
   * @param byteLength octets of its payload
   * @returns why that was refused, if it was
   */
  sendPayload(data: SendData, byteLength: number): "closing" | "closed" | "buffer-full" | undefined {
    const { bufferedAmount } = this.#owner;
    // Without extensions the connection writes each message at once, and does not say so.
    const isWrittenAtOnce = this.extensions === "";
    bufferedAmount.handedOver(byteLength, isWrittenAtOnce);
    const result = this.send(data);
    if (result.ok) return undefined;
    bufferedAmount.refused(byteLength, isWrittenAtOnce);
    return result.reason;
  }

  override messageWritten(...message: Parameters<Endpoint<undefined>["messageWritten"]>): void {
    this.#owner.bufferedAmount.written();
    super.messageWritten(...message);
  }

  override outputBlocked(isBlocked: boolean): void {
    if (isBlocked) this.#owner.bufferedAmount.writing();
    else this.#owner.bufferedAmount.streamDone();
    super.outputBlocked(isBlocked);
  }

  override outputEmpty(): void {
    this.#owner.bufferedAmount.outputDone();
    super.outputEmpty();
  }

  override handleMessage(message: Message): unknown {
    this.#isBusy = true;
    return super.handleMessage(message);
  }

  override messageWaits(): void {
    this.#isBusy = true;
    super.messageWaits();
  }

  override deliveryIdle(): void {
    this.#isBusy = false;
    super.deliveryIdle();
    this.#tellIfClosing();
  }

  override receivedClose(): boolean {
    const mayAnswer = super.receivedClose();
    this.#tellIfClosing();
    return mayAnswer;
  }

  override failed(): void {
    super.failed();
    this.#tellIfClosing();
  }

  #tellIfClosing(): void {
    if (this.#isBusy || this.#isClosingTold || this.readyState === "open") return;
    this.#isClosingTold = true;
    this.#owner.closingStarted();
  }
}

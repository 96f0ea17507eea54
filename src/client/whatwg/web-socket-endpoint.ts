/**
 * The socket under a `WebSocket` object: tells it what an ordinary application does not hear of, in order with its
 * messages.
 */
import type { Endpoint, Message, SendData, SocketContext, SocketDetails } from "../../socket/index.js";
import type { ByteStream } from "../../transport/index.js";
import { ClientEndpoint } from "../client-socket.js";
import type { BufferedAmount } from "./buffered-amount.js";

/** The `WebSocket` object, as far as its socket needs it. */
export interface WebSocketEndpointOwner {
  readonly bufferedAmount: BufferedAmount;
  /** "The WebSocket closing handshake is started", or the connection has failed. All messages before it are handled. */
  closingStarted(): void;
}

/** See the head of this file. */
export class WebSocketEndpoint extends ClientEndpoint {
  readonly #owner: WebSocketEndpointOwner;
  /** Whether a message is being handled. */
  #isHandling = false;
  /** Whether messages wait. */
  #isWaiting = false;
  #isClosingTold = false;
  /** Whether octets have just come from the stream, and no message out of them yet. */
  #isTaskFresh = false;

  constructor(
    context: SocketContext<undefined>,
    stream: ByteStream,
    details: SocketDetails<undefined>,
    url: string,
    owner: WebSocketEndpointOwner,
  ) {
    super(context, stream, details, url);
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

  /**
   * Whether the event of a message may be fired at once: the stream calls in a task of its own, in which nothing else has
   * happened. True once.
   */
  takeFreshTask(): boolean {
    const isFresh = this.#isTaskFresh;
    this.#isTaskFresh = false;
    return isFresh;
  }

  override streamReceived(bytes: Uint8Array, start: number, end: number): void {
    this.#isTaskFresh = true;
    super.streamReceived(bytes, start, end);
    this.#isTaskFresh = false;
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
    this.#isHandling = true;
    const result = super.handleMessage(message);
    // Who is waited for is told of by `deliveryIdle`.
    if (result === undefined) this.#isHandling = false;
    return result;
  }

  override messageWaits(): void {
    this.#isWaiting = true;
    super.messageWaits();
  }

  override deliveryIdle(): void {
    this.#isHandling = false;
    this.#isWaiting = false;
    super.deliveryIdle();
    this.#tellIfClosing();
  }

  override receivedClose(body: { readonly code: number }): boolean {
    const mayAnswer = super.receivedClose(body);
    this.#tellIfClosing();
    return mayAnswer;
  }

  override failed(): void {
    super.failed();
    this.#tellIfClosing();
  }

  #tellIfClosing(): void {
    if (this.#isHandling || this.#isWaiting || this.#isClosingTold || this.readyState === "open") return;
    this.#isClosingTold = true;
    this.#owner.closingStarted();
  }
}

/**
 * The socket: a protocol connection joined to a byte stream.
 *
 * What comes in: the stream's octets go through the connection, whose messages go straight to the handler. Only while
 * a handler's promise is pending, or nobody consumes yet, do messages wait in the inbox, and when the inbox is full,
 * reading stops. What goes out: frames collect in the connection's output and leave in one write at the end of the
 * turn; while the stream takes nothing, they wait there.
 *
 * Whatever ends a connection, `streamClosed` is its end, once.
 */
import type { CloseReport, DataOpcode, ProtocolError, Receiving, SharedMessage } from "../protocol/index.js";
import { CloseCode, Connection } from "../protocol/index.js";
import type { ByteStream, ByteStreamReceiver, DuplexOptions, PlatformDuplex } from "../transport/index.js";
import { callHandler } from "./calling.js";
import type { StreamSource } from "./chunk-source.js";
import { Closure } from "./closure.js";
import type { SocketContext, SocketDetails } from "./context.js";
import { rejectedQuietly } from "./deferred.js";
import { Delivery, type DeliveryOwner } from "./delivery.js";
import { Ending } from "./ending.js";
import { ConnectionClosedError } from "./errors.js";
import { asError, reportTo } from "./handler-error.js";
import type { IncomingMessage } from "./incoming-message.js";
import { Leaving } from "./leaving.js";
import { tellClosed, tellSent, tellWritten } from "./observer.js";
import { octetsOf } from "./octets.js";
import { Outbox, type OutboxOwner } from "./outbox.js";
import type { SendStreamOptions } from "./outgoing-stream.js";
import { PreparedMessage } from "./prepared-message.js";
import { RateLimiter, type RateLimitOwner } from "./rate-limit.js";
import { PauseReason, Reading, reasonsWhileOpen } from "./reading.js";
import { Receipt, type ReceiptOwner, type ReceiptParts } from "./receipt.js";
import { SendQueue, type SendQueueOwner } from "./send-queue.js";
import { sent } from "./send-results.js";
import { messageWaits, refusalOf, takeDrain } from "./sending.js";
import type { Message, SendData, SendOptions, SendResult, Socket } from "./socket.js";
import { SocketWatch, type WatchOwner } from "./socket-watch.js";
import { toDuplex, toWebStreams, type WebStreams } from "./streams.js";

type Owner = ByteStreamReceiver & DeliveryOwner & OutboxOwner & ReceiptOwner & WatchOwner & RateLimitOwner;

/** See the head of this file. Applications see it as a `Socket`. */
export class Endpoint<Data> implements Socket<Data>, Owner, SendQueueOwner {
  data: Data;
  readonly protocol: string;
  readonly extensions: string;
  readonly #context: SocketContext<Data>;
  readonly #stream: ByteStream;
  readonly #connection: Connection;

  readonly #delivery: Delivery;
  readonly #receipt: Receipt<Data>;
  #reading: Reading | undefined;
  readonly #outbox: Outbox;
  readonly #watch: SocketWatch;
  readonly #limiter: RateLimiter | undefined;
  /** Made for the first message that is streamed. */
  #queue: SendQueue | undefined;
  heardStep = 0;
  activeStep = 0;
  isHolding = false;
  wantsDrain = false;

  #ending: Ending | undefined;
  readonly #closure = new Closure();
  /** Whether the stream is gone, and an extension still at work on what came before. */
  #isEndDue = false;

  constructor(context: SocketContext<Data>, stream: ByteStream, details: SocketDetails<Data>) {
    this.#context = context;
    this.#stream = stream;
    this.protocol = details.protocol;
    this.extensions = details.extensions ?? "";
    this.data = details.data;
    this.#delivery = new Delivery(this);
    const { platform, options, connection } = context;
    this.#outbox = new Outbox(connection.pool, stream, platform.turns, options.highWaterMarkBytes, this);
    if (options.rateLimit !== undefined) this.#limiter = new RateLimiter(options.rateLimit, context, this);
    this.#receipt = this.createReceipt(context, this.#delivery, this.#limiter);
    this.#connection = new Connection(connection, this.#receipt, this.#outbox, details.chain);
    this.#watch = new SocketWatch(context, this.#connection, stream, this.#outbox, this.#delivery, this);
    this.#receipt.begin(this.#connection, this.#watch);
  }

  /** For those who take what is received in their own way. Called from the constructor. */
  protected createReceipt(...parts: ReceiptParts<Data>): Receipt<Data> {
    return new Receipt(...parts, this);
  }

  /**
   * Begins: calls the `open` handler, then reads.
   *
   * @param head what has to be written before anything else: a server's half of the handshake
   */
  open(head?: Uint8Array): void {
    if (head !== undefined) this.#outbox.begin(head);
    const { handlers, observer } = this.#context;
    observer?.opened?.(this);
    if (handlers.open !== undefined) this.#delivery.callFirst(() => handlers.open?.(this), "the open handler");
    this.#watch.start();
    this.#stream.start(this);
  }

  get remoteAddress(): string | undefined {
    return this.#stream.remoteAddress;
  }

  get readyState(): "open" | "closing" | "closed" {
    if (this.isStreamGone) return "closed";
    return this.#connection.isOpen && this.#ending?.isCutByUs !== true ? "open" : "closing";
  }

  get canSend(): boolean {
    return this.#ending?.isOver !== true && this.#connection.canSend;
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  get memoryBytes(): number {
    return this.#watch.memoryBytes;
  }

  get droppedMessages(): number {
    return this.#limiter?.droppedMessages ?? 0;
  }

  get closed(): Promise<CloseReport> {
    return this.#closure.closed;
  }

  // Sending

  send(data: SendData | PreparedMessage, options?: SendOptions): SendResult {
    if (typeof data !== "string" && data instanceof PreparedMessage) return this.sendShared(data.shared);
    // What makes no sense is told whatever the state of the connection.
    const message = typeof data === "string" ? data : octetsOf(data);
    if (!this.canSend || this.#outbox.bufferedBytes >= this.#context.options.maxSendBufferBytes)
      return refusalOf(this.#context, this);
    if (this.#queue?.isBusy === true) return this.#queue.send(message, options);
    if (typeof message === "string") this.#connection.sendText(message, options);
    else this.#connection.sendBinary(message, options);
    return this.accepted(message);
  }

  /** Sends a message that many sockets send. As `send` otherwise. */
  sendShared(message: SharedMessage): SendResult {
    if (!this.canSend || this.#outbox.bufferedBytes >= this.#context.options.maxSendBufferBytes)
      return refusalOf(this.#context, this);
    if (this.#queue?.isBusy === true) return this.#queue.sendShared(message);
    this.#connection.sendMany(message);
    return this.accepted(message);
  }

  /** What became of a message that is in the output now. */
  protected accepted(message: string | Uint8Array | SharedMessage): SendResult {
    this.activeStep = this.#context.wheel.step;
    if (this.#context.observer?.sent !== undefined && this.extensions === "") tellSent(this.#context, this, message);
    return this.#outbox.flushSoon() ? sent : messageWaits(this.#context, this, this.#outbox, this.#watch);
  }

  sendStream(source: StreamSource, options: SendStreamOptions = {}): Promise<void> {
    this.#queue ??= new SendQueue(this.#context, this.#connection, this.#outbox, this.#watch, this);
    return this.#queue.sendStream(source, options);
  }

  ready(): Promise<void> {
    const { report } = this.#closure;
    if (report !== undefined) return rejectedQuietly(new ConnectionClosedError("there was room", report));
    return this.#outbox.room();
  }

  ping(): Promise<number> {
    return this.#watch.ping(this.#closure.report);
  }

  close(code = 1000, reason = ""): Promise<CloseReport> {
    this.beginClose(code, reason);
    return this.closed;
  }

  /**
   * Closes as soon as nothing is at work on this socket, and reads no more until then but the message that somebody is
   * taking. For a server that drains.
   */
  leave(code: number, reason: string): void {
    if (this.readyState !== "open") return;
    const isHandling = (): boolean =>
      this.#queue?.isBusy === true || (this.hasMessageHandler && !this.#delivery.isIdle);
    this.toEnd.leaving = new Leaving(this.#connection, this.#outbox, isHandling, () => this.beginClose(code, reason));
    this.#receipt.leave();
    this.#outbox.flushSoon(); // Where nothing is at work, the end of the turn tells it.
  }

  /** Writes what waits now, and not at the end of the turn. */
  protected flushNow(): void {
    this.#outbox.flush();
  }

  terminate(): void {
    if (this.isStreamGone && !this.#isEndDue) return;
    this.#delivery.stop();
    if (this.isStreamGone) this.#end(this.toEnd);
    else this.toEnd.cut(undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#delivery.iterate();
  }

  incoming(): AsyncIterableIterator<IncomingMessage, undefined> {
    return this.#receipt.incoming();
  }

  toDuplex(options?: DuplexOptions): PlatformDuplex {
    return toDuplex(this, this.#delivery, this.#context, options);
  }

  toWebStreams(options?: SendOptions): WebStreams {
    return toWebStreams(this, this.#delivery, this.#context, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Begins the closing handshake, with a code or with an empty Close frame. `cause` goes to the report. */
  beginClose(code: number | undefined, reason: string, cause?: Error): void {
    this.#connection.close(code, reason, cause);
    this.toEnd.leaving = undefined;
    this.#receipt.readsOn();
    // The peer's Close frame may stand behind more messages than the inbox takes.
    this.resumeReading(this.isLeaving ? reasonsWhileOpen : reasonsWhileOpen & ~PauseReason.inbox);
    this.toEnd.startTimer();
    this.#outbox.flushSoon();
  }

  // What comes from the outbox

  outputWritten(byteLength: number): void {
    this.#context.observer?.bytesSent?.(this, byteLength);
  }

  outputBlocked(isBlocked: boolean): void {
    this.#watch.isStuck = isBlocked;
    this.#connection.isBlocked = isBlocked;
  }

  /**
   * A server does not read on from a peer that does not read: what it asks for would pile up here. A client does, or
   * two ends that wait for each other's reading would wait for ever.
   */
  outputStuck(): void {
    if (this.#context.connection.role === "server") this.pauseReading(PauseReason.output);
  }

  outputRoomy(): void {
    const isDrained = takeDrain(this.#context, this, this.#outbox);
    if (isDrained) callHandler(this, "the drain handler", () => this.#context.handlers.drain?.(this));
    this.resumeReading(PauseReason.output);
  }

  outputEmpty(): void {
    this.#ending?.endStreamIfDone();
    this.#ending?.leaving?.tryNow();
  }

  // What comes from the stream

  streamDrained(): void {
    this.#outbox.drained();
  }

  streamReceived(bytes: Uint8Array, start: number, end: number): void {
    this.#context.observer?.bytesReceived?.(this, end - start);
    if (this.#ending?.isDiscarding === true) {
      this.#ending.discard(end - start);
      return;
    }
    this.heardStep = this.#context.wheel.step;
    this.#connection.receive(bytes, start, end);
    this.#limiter?.octets(end - start);
    if (this.isHolding) this.#receipt.grown();
    if (this.#outbox.byteLength > 0) this.#outbox.flushSoon();
  }

  streamEnded(): void {
    const ending = this.toEnd;
    ending.hasPeerEnded = true;
    // What is held back may hold the Close frame that makes this a clean end.
    if (this.#reading?.isPaused !== true) ending.afterPeerEnded();
  }

  streamClosed(error?: Error): void {
    this.#watch.end();
    this.#limiter?.end();
    this.toEnd.streamClosed(error);
    this.#receipt.readsOn();
    // What came before is not lost, unless it was given up.
    this.#isEndDue = this.#connection.isTransforming && !this.#delivery.isStopped;
    if (!this.#isEndDue) this.#end(this.toEnd);
  }

  /** Nothing will come any more, and everything has. */
  #end(ending: Ending): void {
    this.#reading?.end();
    // What was held back may be work for an extension again.
    this.#isEndDue = this.#connection.isTransforming && !this.#delivery.isStopped;
    if (this.#isEndDue) return;
    const report = this.#connection.streamEnded(ending.cause, ending.isCutByUs);
    tellClosed(this.#context.observer, this, report);
    this.#closure.end(report);
    this.#watch.endPings(report);
    this.#outbox.end(() => new ConnectionClosedError("there was room", report));
    this.connectionEnded(!this.#delivery.isIdle);
    this.#receipt.ended(report);
    this.#delivery.end();
    this.#handleClose();
  }

  /** For those who keep sockets: the connection is gone; its `close` handler and messages (`_hasUnread`) may follow. */
  protected connectionEnded(_hasUnread: boolean): void {
    // Nobody keeps a client's.
  }

  // What comes from the connection

  receivedClose({ code }: { readonly code: number }): boolean {
    this.toEnd.discardFromNowOn();
    if (this.#delivery.stream !== undefined) return this.toEnd.leaveAnswerTo(this.#delivery.stream, code);
    // A handler that is at work, and those whose messages wait, may still answer: our Close frame comes after them
    // (§5.5.1). Whoever pulls messages may never come back, and is not waited for.
    return this.#delivery.isIdle || !this.hasMessageHandler;
  }

  transforming(isPending: boolean): void {
    if (isPending) this.pauseReading(PauseReason.extension);
    else if (this.#isEndDue) this.#end(this.toEnd);
    else this.resumeReading(PauseReason.extension);
    this.#ending?.leaving?.tryNow();
  }

  messageWritten(opcode: DataOpcode, payload: string | number, isTransformed: boolean): void {
    tellWritten(this.#context, this, opcode, payload, isTransformed);
  }

  sendingEnded(): void {
    this.#queue?.stop();
  }

  outputAdded(): void {
    this.#outbox.flushSoon();
  }

  fail(error: ProtocolError): void {
    this.#connection.fail(error);
    this.#receipt.failed(error);
  }

  failed(): void {
    this.toEnd.discardFromNowOn();
    // What these wait for counts no more.
    this.resumeReading(reasonsWhileOpen | PauseReason.extension | PauseReason.body);
  }

  // What comes from delivery

  get hasMessageHandler(): boolean {
    return this.#context.handlers.message !== undefined;
  }

  get maxInboxBytes(): number {
    return this.#context.options.maxInboxBytes;
  }

  handleMessage(message: Message): unknown {
    return this.#context.handlers.message?.(this, message);
  }

  handlerFailed(error: unknown, during: string): void {
    reportTo(this.#context.handlers, this.#context.platform, error, during, this);
    // Before delivery stops: idle delivery would answer a Close of the peer's, and with the peer's own code.
    if (!this.isStreamGone) this.beginClose(CloseCode.internalError, "", asError(error));
    this.#delivery.stop();
  }

  get isLeaving(): boolean {
    return !this.#connection.canSend && this.#delivery.stream === undefined;
  }

  messageWaits(): void {
    this.#watch.holds();
  }

  receive(receiving: Receiving): void {
    this.#receipt.receive(receiving);
  }

  inboxFull(): void {
    if (!this.isLeaving) this.pauseReading(PauseReason.inbox);
  }

  inboxRoomy(): void {
    this.resumeReading(PauseReason.inbox);
  }

  deliveryIdle(): void {
    if (this.#connection.state === "closing-by-peer" && this.#delivery.stream === undefined) {
      this.#connection.answerClose();
      this.#outbox.flushSoon();
    }
    this.#ending?.leaving?.tryNow();
    this.#handleClose();
  }

  /** Calls the close handler when the message handler has had every message. Whoever pulls them is not waited for. */
  #handleClose(): void {
    if (this.hasMessageHandler && !this.#delivery.isIdle) return;
    const handle = (report: CloseReport): unknown => this.#context.handlers.close?.(this, report);
    this.#closure.handleOnce((report) => callHandler(this, "the close handler", () => handle(report)));
  }

  pauseReading(reason: PauseReason): void {
    if (this.isStreamGone) return;
    this.#reading ??= new Reading(this.#connection, this.#stream);
    this.#reading.pause(reason);
    this.#watch.isPaused = true;
  }

  resumeReading(reason: number): void {
    const isReadOn = this.#reading?.resume(reason) === true;
    if (isReadOn) this.#watch.isPaused = false;
    if (isReadOn && this.#ending?.hasPeerEnded === true) this.#ending.afterPeerEnded();
    // Also where reading has stopped again: a ping may have stood before what made it stop. What a stuck stream has to
    // wait for leaves by itself; to ask for a turn here would ask for the next one from within each.
    if (this.#outbox.byteLength > 0 && !this.#outbox.isStuck) this.#outbox.flushSoon();
  }

  // The end

  /** What ends this socket, as soon as something does. */
  get toEnd(): Ending {
    return (this.#ending ??= new Ending(this.#context, this.#connection, this.#stream, this.#outbox));
  }

  get isStreamGone(): boolean {
    return this.#ending?.isStreamGone === true;
  }
}

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
import type { CloseReport, ConnectionSink, DataOpcode, ProtocolError, SharedMessage } from "../protocol/index.js";
import { CloseCode, Connection } from "../protocol/index.js";
import type { ByteStream, ByteStreamReceiver } from "../transport/index.js";
import { callAside } from "./calling.js";
import type { SocketContext, SocketDetails } from "./context.js";
import { type Deferred, deferred, rejectedQuietly } from "./deferred.js";
import { Delivery, type DeliveryOwner } from "./delivery.js";
import { Ending } from "./ending.js";
import { ConnectionClosedError } from "./errors.js";
import { asError, reportTo } from "./handler-error.js";
import { Leaving } from "./leaving.js";
import { deliverOutOfChunk } from "./lending.js";
import { tellClosed, tellSent, tellWritten } from "./observer.js";
import { octetsOf } from "./octets.js";
import { Outbox, type OutboxOwner } from "./outbox.js";
import { PreparedMessage } from "./prepared-message.js";
import { RateLimiter, type RateLimitOwner } from "./rate-limit.js";
import { PauseReason, Reading, reasonsWhileOpen } from "./reading.js";
import { buffered, refusedClosed, refusedClosing, refusedFull, sent } from "./send-results.js";
import { meetSlowPeer } from "./slow-peer.js";
import type { Message, SendData, SendOptions, SendResult, Socket } from "./socket.js";
import { SocketWatch, type WatchOwner } from "./socket-watch.js";

type Owner = ConnectionSink & ByteStreamReceiver & DeliveryOwner & OutboxOwner & WatchOwner & RateLimitOwner;

/** See the head of this file. Applications see it as a `Socket`. */
export class Endpoint<Data> implements Socket<Data>, Owner {
  data: Data;
  readonly protocol: string;
  readonly extensions: string;
  readonly #context: SocketContext<Data>;
  readonly #stream: ByteStream;
  readonly #connection: Connection;

  readonly #delivery: Delivery;
  #reading: Reading | undefined;
  readonly #outbox: Outbox;
  readonly #watch: SocketWatch;
  readonly #limiter: RateLimiter | undefined;
  heardStep = 0;
  activeStep = 0;
  isHolding = false;
  /** Whether `send` has answered "buffered" since the last drain. */
  #wantsDrain = false;

  // The end.
  #ending: Ending | undefined;
  #report: CloseReport | undefined;
  #isCloseHandled = false;
  /** Whether the stream is gone, and an extension still at work on what came before. */
  #isEndDue = false;
  #closed: Deferred<CloseReport> | undefined;

  constructor(context: SocketContext<Data>, stream: ByteStream, details: SocketDetails<Data>) {
    this.#context = context;
    this.#stream = stream;
    this.protocol = details.protocol;
    this.extensions = details.extensions ?? "";
    this.data = details.data;
    this.#delivery = new Delivery(this);
    const { platform, options, connection } = context;
    this.#outbox = new Outbox(connection.pool, stream, platform.turns, options.highWaterMarkBytes, this);
    this.#connection = new Connection(connection, this, this.#outbox, details.chain);
    if (options.rateLimit !== undefined) this.#limiter = new RateLimiter(options.rateLimit, context, this);
    this.#watch = new SocketWatch(context, this.#connection, stream, this.#outbox, this.#delivery, this);
  }

  /**
   * Begins: calls the `open` handler, then reads.
   *
   * @param head what has to be written before anything else: a server's half of the handshake
   */
  open(head?: Uint8Array): void {
    if (head !== undefined) {
      this.#outbox.append(head);
      this.#outbox.flushSoon();
    }
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
    if (this.#isStreamGone) return "closed";
    return this.#connection.isOpen && this.#ending?.isCutByUs !== true ? "open" : "closing";
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
    if (this.#closed === undefined) {
      this.#closed = deferred<CloseReport>();
      if (this.#report !== undefined) this.#closed.resolve(this.#report);
    }
    return this.#closed.promise;
  }

  // Sending

  send(data: SendData | PreparedMessage, options?: SendOptions): SendResult {
    if (typeof data !== "string" && data instanceof PreparedMessage) return this.sendShared(data.shared);
    // What makes no sense is told whatever the state of the connection.
    const message = typeof data === "string" ? data : octetsOf(data);
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    if (typeof message === "string") this.#connection.sendText(message, options);
    else this.#connection.sendBinary(message, options);
    return this.#accepted(message);
  }

  /** Sends a message that many sockets send. As `send` otherwise. */
  sendShared(message: SharedMessage): SendResult {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    this.#connection.sendMany(message);
    return this.#accepted(message);
  }

  /** Why nothing can be sent, if that is so. */
  #refusal(): SendResult | undefined {
    if (this.#ending?.isOver === true) return refusedClosed;
    if (!this.#connection.canSend) return refusedClosing;
    if (this.#outbox.bufferedBytes < this.#context.options.maxSendBufferBytes) return undefined;
    meetSlowPeer(this.#context, this);
    return refusedFull;
  }

  /** What became of a message that is in the output now. */
  #accepted(message: string | Uint8Array | SharedMessage): SendResult {
    this.activeStep = this.#context.wheel.step;
    if (this.#context.observer?.sent !== undefined && this.extensions === "") tellSent(this.#context, this, message);
    if (this.#outbox.flushSoon()) return sent;
    if (!this.#wantsDrain) this.#context.observer?.backpressure?.(this, true);
    this.#wantsDrain = true;
    this.#watch.outputWaits();
    if (this.#outbox.isStuck || this.#outbox.pendingBytes > 0) this.outputStuck();
    return buffered;
  }

  ready(): Promise<void> {
    if (this.#report !== undefined) return rejectedQuietly(new ConnectionClosedError("there was room", this.#report));
    return this.#outbox.room();
  }

  ping(): Promise<number> {
    return this.#watch.ping(this.#report);
  }

  close(code = 1000, reason = ""): Promise<CloseReport> {
    this.beginClose(code, reason);
    return this.closed;
  }

  /** Closes as soon as nothing is at work on this socket, and reads no more until then. For a server that drains. */
  leave(code: number, reason: string): void {
    if (this.readyState !== "open") return;
    const isHandling = (): boolean => this.hasMessageHandler && !this.#delivery.isIdle;
    this.toEnd.leaving = new Leaving(this.#connection, this.#outbox, isHandling, () => this.beginClose(code, reason));
    this.pauseReading(PauseReason.leaving);
    this.#outbox.flushSoon(); // Where nothing is at work, the end of the turn tells it.
  }

  terminate(): void {
    if (this.#isStreamGone && !this.#isEndDue) return;
    this.#delivery.stop();
    if (this.#isStreamGone) this.#end(this.toEnd);
    else this.toEnd.cut(undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#delivery.iterate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Begins the closing handshake, with a code or with an empty Close frame. `cause` goes to the report. */
  beginClose(code: number | undefined, reason: string, cause?: Error): void {
    this.#connection.close(code, reason, cause);
    this.toEnd.leaving = undefined;
    // The peer's Close frame may stand behind more messages than the inbox takes.
    this.resumeReading(reasonsWhileOpen);
    this.toEnd.startTimer();
    this.#outbox.flushSoon();
  }

  // What comes from the outbox

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
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#context.observer?.backpressure?.(this, false);
      this.#call("the drain handler", () => this.#context.handlers.drain?.(this));
    }
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
    const ending = this.#ending;
    if (ending?.isDiscarding === true) {
      ending.discard(end - start);
      return;
    }
    this.heardStep = this.#context.wheel.step;
    this.#connection.receive(bytes, start, end);
    this.#limiter?.octets(end - start);
    if (this.isHolding) this.#watch.countMemory();
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
    const { toEnd: ending } = this;
    ending.streamClosed(error);
    // What came before is not lost, unless it was given up.
    this.#isEndDue = this.#connection.isTransforming && !this.#delivery.isStopped;
    if (!this.#isEndDue) this.#end(ending);
  }

  /** Nothing will come any more, and everything has. */
  #end(ending: Ending): void {
    this.#reading?.end();
    // What was held back may be work for an extension again.
    this.#isEndDue = this.#connection.isTransforming && !this.#delivery.isStopped;
    if (this.#isEndDue) return;
    const report = this.#connection.streamEnded(ending.cause, ending.isCutByUs);
    this.#report = report;
    tellClosed(this.#context.observer, this, report);
    this.#closed?.resolve(report);
    this.#watch.endPings(report);
    this.#outbox.end(() => new ConnectionClosedError("there was room", report));
    this.connectionEnded(!this.#delivery.isIdle);
    this.#delivery.end();
    this.#handleClose();
  }

  /** For those who keep sockets: the connection is gone; its `close` handler and messages (`_hasUnread`) may follow. */
  protected connectionEnded(_hasUnread: boolean): void {
    // Nobody keeps a client's.
  }

  // What comes from the connection

  messageBegun(): void {
    this.#watch.messageBegun();
  }

  receivedText(text: string, byteLength: number, isTransformed: boolean): void {
    if (this.#limiter?.message() === false) return;
    this.activeStep = this.heardStep;
    this.#context.observer?.received?.(this, "text", byteLength, isTransformed);
    this.#delivery.deliver(text);
  }

  receivedBinary(bytes: Uint8Array, start: number, end: number, isOwned: boolean, isTransformed: boolean): void {
    if (this.#limiter?.message() === false) return;
    this.activeStep = this.heardStep;
    this.#context.observer?.received?.(this, "binary", end - start, isTransformed);
    if (isOwned) this.#delivery.deliver(bytes);
    else deliverOutOfChunk(this.#delivery, this.#context, bytes, start, end);
  }

  receivedPing(): void {
    this.#limiter?.controlFrame();
  }

  receivedPong(bytes: Uint8Array, start: number, end: number): void {
    const roundTripMs = this.#watch.pong(bytes, start, end);
    // Who answers our pings does what it has to (§5.5.2), however many we send.
    if (roundTripMs === undefined && !this.#watch.takeAwaitedPong()) this.#limiter?.controlFrame();
    if (roundTripMs !== undefined) this.#context.observer?.roundTrip?.(this, roundTripMs);
  }

  receivedClose(): boolean {
    this.toEnd.discardFromNowOn();
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

  outputAdded(): void {
    this.#outbox.flushSoon();
  }

  fail(error: ProtocolError): void {
    this.#connection.fail(error);
    this.failed();
  }

  failed(): void {
    this.toEnd.discardFromNowOn();
    this.resumeReading(reasonsWhileOpen | PauseReason.extension); // What these wait for counts no more.
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
    if (!this.#isStreamGone) this.beginClose(CloseCode.internalError, "", asError(error));
    this.#delivery.stop();
  }

  get isLeaving(): boolean {
    return !this.#connection.canSend;
  }

  messageWaits(): void {
    this.#watch.holds();
  }

  inboxFull(): void {
    if (!this.isLeaving) this.pauseReading(PauseReason.inbox);
  }

  inboxRoomy(): void {
    this.resumeReading(PauseReason.inbox);
  }

  deliveryIdle(): void {
    if (this.#connection.state === "closing-by-peer") {
      this.#connection.answerClose();
      this.#outbox.flushSoon();
    }
    this.#ending?.leaving?.tryNow();
    this.#handleClose();
  }

  /** Calls the close handler when the message handler has had every message. Whoever pulls them is not waited for. */
  #handleClose(): void {
    const report = this.#report;
    if (report === undefined || this.#isCloseHandled) return;
    if (this.hasMessageHandler && !this.#delivery.isIdle) return;
    this.#isCloseHandled = true;
    this.#call("the close handler", () => this.#context.handlers.close?.(this, report));
  }

  #call(during: string, handler: () => unknown): void {
    callAside(handler, (error) => this.handlerFailed(error, during));
  }

  pauseReading(reason: PauseReason): void {
    if (this.#isStreamGone) return;
    this.#reading ??= new Reading(this.#connection, this.#stream);
    this.#reading.pause(reason);
    this.#watch.isPaused = true;
  }

  resumeReading(reason: number): void {
    const isReadOn = this.#reading?.resume(reason) === true;
    if (isReadOn) this.#watch.isPaused = false;
    if (isReadOn && this.#ending?.hasPeerEnded === true) this.#ending.afterPeerEnded();
    // Also where reading has stopped again: a ping may have stood before what made it stop.
    if (this.#outbox.byteLength > 0) this.#outbox.flushSoon();
  }

  // The end

  /** What ends this socket, as soon as something does. */
  get toEnd(): Ending {
    return (this.#ending ??= new Ending(this.#context, this.#connection, this.#stream, this.#outbox));
  }

  get #isStreamGone(): boolean {
    return this.#ending?.isStreamGone === true;
  }
}

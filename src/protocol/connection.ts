/**
 * One end of an established WebSocket connection, without any I/O: octets in through `receive`, events out to a sink,
 * octets to send out through `output`.
 *
 * The rules it lives by:
 * - `receive` never throws, whatever the octets. A violation fails the connection: a Close frame with the rule's
 *   status code goes to `output`, the sink hears of it, and nothing more is read.
 * - After a Close frame nothing is sent (§5.5.1), and after the peer's nothing is read.
 * - Pings are answered at once, and while the stream takes nothing only the latest is (§5.5.3).
 */
import { CloseCode } from "./close-code.js";
import type { CloseCauses, CloseReport, ConnectionEvent, ConnectionState } from "./close-handshake.js";
import { closeReport, isFinal, noCauses, readCloseBody, transitions, writeCloseBody } from "./close-handshake.js";
import type { ConnectionContext, ConnectionSink, Receiving } from "./connection-context.js";
import { ProtocolError, UsageError } from "./errors.js";
import type { SendHints } from "./extensions/extension.js";
import type { ExtensionChain } from "./extensions/extension-chain.js";
import { finBit } from "./frame-header.js";
import { FrameParser } from "./frame-parser.js";
import { FrameWriter } from "./frame-writer.js";
import type { ReceiverOwner } from "./message-receiver.js";
import { MessageReceiver } from "./message-receiver.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";
import type { OutgoingOwner } from "./outgoing-transforms.js";
import { OutgoingTransforms } from "./outgoing-transforms.js";
import { Output } from "./output.js";
import { PingAnswers } from "./ping-answers.js";
import { requireControlPayload, requireFragment, requireOctets, requireText } from "./send-arguments.js";
import type { SharedMessage } from "./shared-message.js";
import type { FramedMessage, SharedFrame } from "./shared-octets.js";

const noOctets = new Uint8Array(0);
const noHints: SendHints = {};

/** See the head of this file. */
export class Connection implements ReceiverOwner, OutgoingOwner {
  /** What is to be sent. Whoever does the I/O takes it from here. */
  readonly output: Output;
  readonly #context: ConnectionContext;
  readonly #sink: ConnectionSink;
  readonly #receiver: MessageReceiver;
  readonly #parser: FrameParser;
  readonly #writer: FrameWriter;
  readonly #pings: PingAnswers;
  readonly #chain: ExtensionChain | undefined;
  readonly #outgoing: OutgoingTransforms | undefined;
  #state: ConnectionState = "open";
  /** Whether a Close frame of ours waits behind messages that are being compressed. */
  #isCloseWaiting = false;
  #isPaused = false;
  /** The opcode of the message we are sending in fragments, or 0. */
  #sendingFragments: DataOpcode | 0 = 0;
  /** Made when the connection begins to end. */
  #causes: CloseCauses | undefined;

  /**
   * @param context what it shares with its siblings
   * @param sink who hears what is received
   * @param output where what is to be sent is collected
   * @param chain the extensions in use; closed when the connection ends
   * @throws UsageError `masking-keys-required` for a client without a source of them
   */
  constructor(
    context: ConnectionContext,
    sink: ConnectionSink,
    output: Output = new Output(context.pool),
    chain?: ExtensionChain,
  ) {
    if (context.role === "client" && context.maskingKeys === undefined) throw new UsageError("masking-keys-required");
    this.#context = context;
    this.#sink = sink;
    this.#receiver = new MessageReceiver(context, sink, this, chain);
    this.#parser = new FrameParser(context.role, context.limits, this.#receiver, context.masking, chain?.claimedBits);
    this.output = output;
    // §5.1: "a client MUST mask all frames that it sends", "A server MUST NOT mask any frames".
    const maskingKeys = context.role === "client" ? context.maskingKeys : undefined;
    this.#writer = new FrameWriter(this.output, context.text, maskingKeys, context.masking);
    this.#pings = new PingAnswers(this.#writer);
    this.#chain = chain;
    if (chain !== undefined) this.#outgoing = new OutgoingTransforms(chain, context, this.#writer, output, this, sink);
  }

  /** Where in its life the connection is. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether messages, pings and pongs may still be sent: our Close frame has not been, and the stream has not ended. */
  get canSend(): boolean {
    return (this.#state === "open" || this.#state === "closing-by-peer") && !this.#isCloseWaiting;
  }

  /** Whether neither side has begun to close. */
  get isOpen(): boolean {
    return this.#state === "open" && !this.#isCloseWaiting;
  }

  /** Whether a ping may be answered: also while our Close frame waits, after which nothing may be sent. */
  get #mayAnswer(): boolean {
    return this.canSend || (this.#isCloseWaiting && this.#state === "open");
  }

  /** Whether an extension is at work on what has been received; one that waits for room is not. */
  get isTransforming(): boolean {
    return this.#receiver.isTransforming && !this.#receiver.awaitsRoom;
  }

  /** Whether a message has begun to come and is not complete. */
  get isMidMessage(): boolean {
    return this.#parser.isMidMessage;
  }

  /** Octets held for an unfinished message and for what `pause` keeps back, with overhead. */
  get heldBytes(): number {
    return this.#receiver.heldBytes + this.#parser.heldBytes;
  }

  // Receiving

  /** Takes the octets from `start` to `end` from the peer. They may be changed, and are not kept. Never throws. */
  receive(chunk: Uint8Array, start: number = 0, end: number = chunk.byteLength): void {
    this.#parser.receive(chunk, start, end);
  }

  /** Delivers nothing more until `resume`, not even what is left of the chunk being read. */
  pause(): void {
    this.#isPaused = true;
    this.#parser.pause();
  }

  /** Goes on where `pause` stopped. */
  resume(): void {
    this.#isPaused = false;
    if (!this.#receiver.isTransforming) this.#parser.resume();
  }

  /**
   * How messages are handed on from now on; default "whole". A message that has begun to be handed on goes on as it began.
   * Where reading waits for this, `resume` has to be called afterwards.
   */
  set receiving(receiving: Receiving) {
    this.#receiver.receiving = receiving;
    this.sizesChanged();
  }

  /** There is room for more pieces, where a `PieceSink` has said that there was none. */
  roomForPieces(): void {
    this.#receiver.roomForPieces();
  }

  /** From the receiver. */
  sizesChanged(): void {
    this.#parser.sizes = this.#receiver.sizes;
  }

  /** From the receiver. */
  sizeInDoubt(): void {
    this.pause();
    this.#sink.sizeInDoubt?.();
  }

  /** From the receiver. */
  transforming(isPending: boolean): void {
    if (isPending) this.#parser.pause();
    else if (!this.#isPaused) this.#parser.resume();
    this.#sink.transforming?.(isPending);
  }

  /** From the receiver. */
  control(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode === Opcode.ping) {
      if (this.#mayAnswer && this.#context.answersPings !== false) this.#pings.answer(bytes, start, end);
      this.#sink.receivedPing(bytes, start, end);
    } else if (opcode === Opcode.pong) {
      this.#sink.receivedPong(bytes, start, end);
    } else {
      this.#receiveClose(bytes, start, end);
    }
  }

  /** From the receiver. */
  violation(error: ProtocolError): void {
    this.fail(error);
    this.#sink.failed(error);
  }

  #receiveClose(bytes: Uint8Array, start: number, end: number): void {
    const body = readCloseBody(bytes, start, end, this.#context.text);
    if (body instanceof ProtocolError) {
      this.violation(body);
      return;
    }
    // §1.4: what comes after a Close frame is discarded.
    this.#stopReceiving();
    this.#knownCauses.received = body;
    const isFirst = this.#state === "open";
    this.#move("close-received");
    const answerNow = this.#sink.receivedClose(body);
    if (isFirst && answerNow) this.answerClose();
  }

  /** Sends the Close frame that the peer's asks for, with the same status code (§5.5.1). Does nothing otherwise. */
  answerClose(): void {
    const received = this.#causes?.received;
    if (this.#state !== "closing-by-peer" || received === undefined) return;
    const { code } = received;
    const echoed = code === CloseCode.noStatusReceived ? undefined : code;
    if (!this.#isCloseWaiting) this.#sendClose(writeCloseBody(echoed, "", this.#context.text));
  }

  // Sending

  /**
   * Tells whether the stream takes octets at the moment. While it does not, pings are not answered one by one; the
   * latest is when it does again.
   */
  set isBlocked(isBlocked: boolean) {
    this.#pings.setBlocked(isBlocked, this.#mayAnswer);
  }

  /**
   * Sends a text message in one frame. Lone surrogates become U+FFFD.
   *
   * @returns false, having sent nothing, once `canSend` is false
   * @throws UsageError `fragment-pending` while a fragmented message is being sent, `invalid-argument` when it is no
   *   string
   */
  sendText(text: string, hints: SendHints = noHints): boolean {
    requireText(text);
    if (!this.canSend) return false;
    if (this.#sendingFragments !== 0) throw new UsageError("fragment-pending");
    if (this.#outgoing === undefined) this.#writer.writeTextFrame(finBit | Opcode.text, text);
    else this.#outgoing.send(text, { opcode: Opcode.text, fragment: undefined, hints });
    return true;
  }

  /**
   * Sends a binary message in one frame. A server's message of 16 KiB or more is not copied: its octets must stay as
   * they are until they have been written.
   *
   * @returns false, having sent nothing, once `canSend` is false
   * @throws UsageError `fragment-pending` while a fragmented message is being sent, `invalid-argument` when it is no
   *   `Uint8Array`
   */
  sendBinary(bytes: Uint8Array, hints: SendHints = noHints): boolean {
    return this.#sendOctets(Opcode.binary, bytes, hints);
  }

  /** Sends a text message of octets; that they are UTF-8 is the caller's affair. As `sendBinary` otherwise. */
  sendTextOctets(bytes: Uint8Array, hints: SendHints = noHints): boolean {
    return this.#sendOctets(Opcode.text, bytes, hints);
  }

  #sendOctets(opcode: DataOpcode, bytes: Uint8Array, hints: SendHints): boolean {
    requireOctets(bytes);
    if (!this.canSend) return false;
    if (this.#sendingFragments !== 0) throw new UsageError("fragment-pending");
    if (this.#outgoing === undefined) this.#writer.writeFrame(finBit | opcode, bytes, 0, bytes.length);
    else this.#outgoing.send(bytes, { opcode, fragment: undefined, hints });
    return true;
  }

  /**
   * A server sends a message that was framed for many, from where it lies.
   *
   * @returns false, having sent nothing, once `canSend` is false
   * @throws UsageError `masking-required` on a client, `fragment-pending` while a fragmented message is being sent
   */
  sendShared({ shared, start, end }: SharedFrame): boolean {
    // §5.1: "a client MUST mask all frames that it sends", with a key of its own for each (§5.3).
    if (this.#context.role === "client") throw new UsageError("masking-required");
    if (!this.canSend) return false;
    if (this.#sendingFragments !== 0) throw new UsageError("fragment-pending");
    if (this.#outgoing === undefined) this.output.appendShared(shared, start, end);
    else this.#outgoing.enqueue(end - start, () => this.output.appendShared(shared, start, end));
    return true;
  }

  /**
   * Sends a message that was framed before: a server from where it lies, a client masks it anew (§5.3).
   *
   * @returns false, having sent nothing, once `canSend` is false
   * @throws UsageError `fragment-pending` while a fragmented message is being sent
   */
  sendFramed(message: FramedMessage): boolean {
    if (!this.canSend) return false;
    if (this.#sendingFragments !== 0) throw new UsageError("fragment-pending");
    if (this.#outgoing === undefined) this.writeFramed(message);
    else this.#outgoing.enqueue(message.end - message.start, () => this.writeFramed(message));
    return true;
  }

  /**
   * Sends a message that many connections send, in the version that the extensions here agree on. As `sendFramed`
   * otherwise.
   */
  sendMany(message: SharedMessage): boolean {
    if (!this.canSend) return false;
    if (this.#sendingFragments !== 0) throw new UsageError("fragment-pending");
    if (this.#outgoing === undefined) this.writeFramed(message.plain);
    else this.#outgoing.sendMany(message);
    return true;
  }

  /** From the way out: writes a frame that was made for many. */
  writeFramed({ type, reserved, shared, start, payloadStart, end }: FramedMessage): void {
    if (this.#context.role === "server") this.output.appendShared(shared, start, end);
    else this.#writer.writeFrame(finBit | reserved | Opcode[type], shared.bytes, payloadStart, end);
  }

  /** From the way out. */
  sendFailed(cause: Error): void {
    this.#isCloseWaiting = false;
    this.close(CloseCode.internalError, "", cause);
  }

  /**
   * Sends one fragment of a message (§5.4); control frames may be sent in between, other messages not. Each fragment
   * of a text stands for itself: a surrogate pair, or the octets of a code point, must not be split between two.
   *
   * @param type what the message is; the same for all its fragments
   * @param fin whether it is the last one
   * @returns false, having sent nothing, once `canSend` is false
   * @throws UsageError `fragment-pending` when a message of the other type has been begun, `text-not-utf8` for octets
   *   of a text that are not, `invalid-argument` for data of any other type
   */
  sendFragment(type: "text" | "binary", data: string | Uint8Array, fin: boolean, hints: SendHints = noHints): boolean {
    requireFragment(type, data, this.#context);
    if (!this.canSend) return false;
    const opcode = type === "text" ? Opcode.text : Opcode.binary;
    const pending = this.#sendingFragments;
    if (pending !== 0 && pending !== opcode) throw new UsageError("fragment-pending");
    const firstOctet = (fin ? finBit : 0) | (pending === 0 ? opcode : Opcode.continuation);
    this.#sendingFragments = fin ? 0 : opcode;
    if (this.#outgoing !== undefined)
      this.#outgoing.send(data, { opcode, fragment: { isFirst: pending === 0, fin }, hints });
    else if (typeof data === "string") this.#writer.writeTextFrame(firstOctet, data);
    else this.#writer.writeFrame(firstOctet, data, 0, data.byteLength);
    return true;
  }

  /**
   * Sends a ping (§5.5.2).
   *
   * @param payload at most 125 octets
   * @returns false, having sent nothing, once `canSend` is false
   * @throws UsageError `control-payload-too-long`, or `invalid-argument` when it is no `Uint8Array`
   */
  ping(payload: Uint8Array = noOctets): boolean {
    return this.#sendControl(Opcode.ping, payload);
  }

  /** Sends a pong nobody asked for, a one-way heartbeat (§5.5.3). As `ping` otherwise. */
  pong(payload: Uint8Array = noOctets): boolean {
    return this.#sendControl(Opcode.pong, payload);
  }

  #sendControl(opcode: number, payload: Uint8Array): boolean {
    requireControlPayload(payload);
    if (!this.canSend) return false;
    this.#writer.writeFrame(finBit | opcode, payload, 0, payload.byteLength);
    return true;
  }

  /**
   * Begins the closing handshake, or completes the one that the peer began (§7.1.2). Does nothing once a Close frame
   * has been sent.
   *
   * @param code a status code that may be sent (1000, 1001-1003, 1007-1014, 3000-4999); none makes an empty Close frame
   * @param reason at most 123 octets of UTF-8
   * @param cause what made us close, for the close report
   * @throws UsageError `close-code-not-sendable`, `close-reason-without-code`, `close-reason-too-long`,
   *   `invalid-argument`
   */
  close(code?: number, reason = "", cause?: Error): void {
    const body = writeCloseBody(code, reason, this.#context.text);
    if (!this.canSend) return;
    const causes = this.#knownCauses;
    causes.wasBegunByUs = this.#state === "open";
    causes.cause ??= cause;
    this.#sendClose(body);
  }

  /**
   * _Fail the WebSocket Connection_ (§7.1.7): sends a Close frame where none has been sent yet, and reads no more.
   */
  fail(error: ProtocolError): void {
    this.#stopReceiving();
    if (isFinal(this.#state)) return;
    const canSend = this.canSend || this.#isCloseWaiting;
    this.#outgoing?.drop(); // The Close frame is the last: what still waits is not sent.
    this.#knownCauses.failure = error;
    this.#knownCauses.wasClosing = this.#state !== "open";
    this.#move("failed");
    if (canSend) {
      const reason = this.#context.namesBrokenRule === false ? "" : error.code;
      const body = writeCloseBody(error.closeCode, reason, this.#context.text);
      this.#writer.writeFrame(finBit | Opcode.close, body, 0, body.byteLength);
    }
    this.#sink.sendingEnded?.();
  }

  /**
   * The byte stream has ended, whichever way. Nothing can be sent or received any more.
   *
   * @param cause the stream's error, if it had one
   * @param endedByUs whether it was this side that cut it
   * @returns how the connection ended
   */
  streamEnded(cause?: Error, endedByUs = false): CloseReport {
    if (!isFinal(this.#state)) {
      const causes = this.#knownCauses;
      causes.cause ??= cause;
      causes.wasBegunByUs ||= endedByUs && this.#state === "open";
      causes.wasClosing = this.#state !== "open";
    }
    this.#stopReceiving();
    this.#outgoing?.drop();
    this.#chain?.close();
    this.#move("stream-ended");
    this.#sink.sendingEnded?.();
    return closeReport(this.#state, this.#knownCauses);
  }

  get #knownCauses(): CloseCauses {
    return (this.#causes ??= noCauses());
  }

  #sendClose(body: Uint8Array): void {
    const send = (): void => {
      this.#isCloseWaiting = false;
      this.#writer.writeFrame(finBit | Opcode.close, body, 0, body.byteLength);
      this.#move("close-sent");
    };
    this.#isCloseWaiting = true;
    if (this.#outgoing === undefined) send();
    else this.#outgoing.enqueue(body.byteLength, send);
    this.#sink.sendingEnded?.();
  }

  #stopReceiving(): void {
    this.#parser.stop();
    this.#receiver.abort();
  }

  #move(event: ConnectionEvent): void {
    this.#state = transitions[this.#state][event];
  }
}

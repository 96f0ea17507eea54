/**
 * What is sent while a message is being streamed: RFC 6455 §5.4 "the fragments of one message MUST NOT be interleaved
 * between the fragments of another message". So everything else waits here, in the order of the calls, other streamed
 * messages among it. Control frames do not come this way.
 */
import type { Connection, FramePlace } from "../protocol/index.js";
import { CloseCode, copyOctets, frameMessage, SharedMessage } from "../protocol/index.js";
import type { StreamSource } from "./chunk-source.js";
import type { SocketContext } from "./context.js";
import { rejectedQuietly } from "./deferred.js";
import { ConnectionClosedError, type UnfinishedMessageError } from "./errors.js";
import { asError } from "./handler-error.js";
import { tellSent } from "./observer.js";
import type { Outbox } from "./outbox.js";
import type { SendStreamOptions, StreamOutlet } from "./outgoing-stream.js";
import { OutgoingStream } from "./outgoing-stream.js";
import { refusedFull } from "./send-results.js";
import { messageWaits, outputWaits, type SendingSocket } from "./sending.js";
import { meetSlowPeer } from "./slow-peer.js";
import type { SendOptions, SendResult } from "./socket.js";
import type { SocketWatch } from "./socket-watch.js";

/** The socket, as far as its queue needs it. */
export interface SendQueueOwner extends SendingSocket {
  /** The step in which a message last came or went. */
  activeStep: number;
  /** Begins the closing handshake. */
  beginClose(code: number, reason: string, cause: Error): void;
}

interface WaitingMessage {
  readonly byteLength: number;
  readonly send: () => void;
}

// Of longer memory, what waits keeps no more alive than so many times its octets.
const maxPinnedPerByte = 4;
// Places at the beginning that may be empty. Each is copied at most once on average, whatever this is.
const compactFrom = 1024;

/** See the head of this file. */
export class SendQueue implements StreamOutlet {
  readonly #context: SocketContext<never>;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #watch: SocketWatch;
  readonly #owner: SendQueueOwner;
  /** The message that is being streamed. */
  #current: OutgoingStream | undefined;
  #currentBytes = 0;
  #waiting: (WaitingMessage | OutgoingStream)[] = [];
  #head = 0;
  #isGoingOn = false;

  constructor(
    context: SocketContext<never>,
    connection: Connection,
    outbox: Outbox,
    watch: SocketWatch,
    owner: SendQueueOwner,
  ) {
    this.#context = context;
    this.#connection = connection;
    this.#outbox = outbox;
    this.#watch = watch;
    this.#owner = owner;
  }

  /** Whether a message is being streamed, so that others wait here. */
  get isBusy(): boolean {
    return this.#current !== undefined || this.#waiting.length > 0;
  }

  // What the socket sends

  /** Streams a message, when everything before it has been sent. As `Socket.sendStream`. */
  sendStream(source: StreamSource, options: SendStreamOptions): Promise<void> {
    let stream: OutgoingStream;
    try {
      stream = new OutgoingStream(this.#context, this, source, options);
    } catch (error) {
      this.#goOn();
      return rejectedQuietly(asError(error));
    }
    stream.heedSignal();
    if (!this.#owner.canSend) stream.stop();
    if (!stream.isOver) this.#waiting.push(stream);
    this.#goOn();
    return stream.over;
  }

  /** Takes a message that waits. Short octets are copied; longer ones have to stay as they are, as with `send`. */
  send(message: string | Uint8Array, options: SendOptions | undefined): SendResult {
    if (typeof message === "string") {
      const byteLength = this.#context.connection.text.byteLength(message);
      return this.#add(byteLength, message, () => this.#connection.sendText(message, options));
    }
    const { byteLength } = message;
    const kept = this.#outbox.refersTo(message, byteLength) ? message : copyOctets(message, 0, byteLength);
    return this.#add(byteLength, kept, () => this.#connection.sendBinary(kept, options));
  }

  /** Takes a message that many sockets send. */
  sendShared(message: SharedMessage): SendResult {
    // Laid down now: what was given may change.
    const { shared, payloadStart, end } = message.plain;
    const byteLength = end - payloadStart;
    // A stream may take long, and a short message would keep everything around it in memory.
    const isCopied = byteLength * maxPinnedPerByte < shared.bytes.byteLength;
    const kept = isCopied ? this.#copyOf(message) : message;
    return this.#add(byteLength, kept, () => this.#connection.sendMany(kept));
  }

  #copyOf({ type, hints, plain }: SharedMessage): SharedMessage {
    const { text } = this.#context.connection;
    const { shared, payloadStart, end } = plain;
    const data =
      type === "text" ? text.decode(shared.bytes, payloadStart, end) : copyOctets(shared.bytes, payloadStart, end);
    const place: FramePlace = {
      lay: (_version, laidType, reserved, payload) => frameMessage(payload, text, laidType, reserved),
    };
    return new SharedMessage(data, hints, place, text);
  }

  #add(byteLength: number, message: string | Uint8Array | SharedMessage, write: () => void): SendResult {
    const { maxSendBufferBytes } = this.#context.options;
    // Messages of next to no octets take memory, too.
    if (this.#outbox.heldBehindBytes >= maxSendBufferBytes) {
      meetSlowPeer(this.#context, this.#owner);
      return refusedFull;
    }
    const send = (): void => {
      write();
      this.#sent();
      if (this.#owner.extensions === "") tellSent(this.#context, this.#owner, message);
    };
    this.#waiting.push({ byteLength, send });
    this.#outbox.addBehind(byteLength);
    return messageWaits(this.#context, this.#owner, this.#outbox, this.#watch);
  }

  /** Something is in the output. */
  #sent(): void {
    this.#owner.activeStep = this.#context.wheel.step;
    if (!this.#outbox.flushSoon()) outputWaits(this.#owner, this.#outbox, this.#watch);
  }

  /** Sends what waits, as far as no message is being streamed. */
  #goOn(): void {
    // A stream may be over as soon as it begins.
    if (this.#isGoingOn) return;
    this.#isGoingOn = true;
    while (this.#current === undefined) {
      const next = this.#shift();
      if (next === undefined) break;
      if (next instanceof OutgoingStream) this.#begin(next);
      else this.#sendWaiting(next);
    }
    this.#isGoingOn = false;
    // Who leaves hears of it at the end of the turn.
    if (!this.isBusy) this.#outbox.flushSoon();
  }

  #begin(stream: OutgoingStream): void {
    if (stream.isOver) return;
    this.#current = stream;
    this.#currentBytes = 0;
    stream.begin();
  }

  #sendWaiting({ byteLength, send }: WaitingMessage): void {
    this.#outbox.takeBehind(byteLength);
    try {
      send();
    } catch (error) {
      // A platform without memory for it, which says so with a RangeError. A message less in the middle would be one lost
      // in silence.
      this.#owner.beginClose(CloseCode.internalError, "", asError(error));
    }
  }

  #shift(): WaitingMessage | OutgoingStream | undefined {
    const next = this.#waiting[this.#head];
    if (next === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head >= compactFrom && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }

  /** Nothing can be sent any more: drops what waits. */
  stop(): void {
    const dropped = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    const current = this.#current;
    this.#current = undefined;
    current?.stop();
    this.#outbox.clearBehind();
    for (const waiting of dropped) if (waiting instanceof OutgoingStream) waiting.stop();
  }

  // What the message that is being streamed asks for

  get canSend(): boolean {
    return this.#owner.canSend;
  }

  get isFlowing(): boolean {
    return this.#outbox.isFlowing;
  }

  whenFlowing(callback: () => void): void {
    this.#outbox.whenFlowing(callback);
  }

  sendFragment(type: "text" | "binary", octets: Uint8Array, fin: boolean, options: SendOptions): void {
    const { pool } = this.#context.connection;
    // The chunk is its source's again when the next one is asked for, which may be before it has left: it is copied.
    const lent = pool.lentMemory;
    pool.lentMemory = octets.buffer;
    try {
      this.#connection.sendFragment(type, octets, fin, options);
    } finally {
      pool.lentMemory = lent;
    }
    this.#currentBytes += octets.byteLength;
    this.#sent();
    // Where extensions are in use, it is told by them.
    if (fin && this.#owner.extensions === "") {
      this.#context.observer?.sent?.(this.#owner, type, this.#currentBytes, false);
    }
  }

  streamOver(stream: OutgoingStream, unfinished: UnfinishedMessageError | undefined): void {
    if (stream !== this.#current) return;
    this.#current = undefined;
    // What was begun cannot be taken back, and nothing else can be sent before it is finished (§5.4).
    if (unfinished !== undefined) this.#owner.beginClose(CloseCode.internalError, "", unfinished);
    this.#goOn();
  }

  connectionEnded(): Promise<Error> {
    return this.#owner.closed.then((report) => new ConnectionClosedError("the message was sent", report));
  }
}

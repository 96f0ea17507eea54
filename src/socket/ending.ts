/**
 * How a socket ends: from the first sign of it there is a deadline, what still comes is dropped, and our side of the
 * stream ends when nothing more will be sent.
 *
 * It is made at that first sign, so that a socket that is open has nothing of it in memory.
 */
import type { Connection } from "../protocol/index.js";
import { CloseCode } from "../protocol/index.js";
import type { ByteStream, Timer } from "../transport/index.js";
import type { SocketContext } from "./context.js";
import type { StreamConsumer } from "./delivery.js";
import { CloseTimeoutError } from "./errors.js";
import type { Leaving } from "./leaving.js";
import type { Outbox } from "./outbox.js";

type Context = Pick<SocketContext<unknown>, "connection" | "maxDiscardedBytes" | "options" | "platform">;

/** See the head of this file. */
export class Ending {
  /** Whether what comes counts for nothing any more. */
  isDiscarding = false;
  /** Whether the peer has ended its side of the stream. */
  hasPeerEnded = false;
  /** Whether we cut the stream. */
  isCutByUs = false;
  isStreamGone = false;
  /** While the socket is to close when nothing is at work any more. */
  leaving: Leaving | undefined;
  /** Why we cut the stream, or its error. */
  cause: Error | undefined;
  readonly #context: Context;
  readonly #connection: Connection;
  readonly #stream: ByteStream;
  readonly #outbox: Outbox;
  #discardedBytes = 0;
  #isLeftToStream = false;
  #timer: Timer | undefined;
  #hasEndedStream = false;

  constructor(context: Context, connection: Connection, stream: ByteStream, outbox: Outbox) {
    this.#context = context;
    this.#connection = connection;
    this.#stream = stream;
    this.#outbox = outbox;
  }

  /** Whether nothing can reach the peer any more. */
  get isOver(): boolean {
    return this.isStreamGone || this.isCutByUs;
  }

  /** From now on the closing handshake and the end of the stream have `closeTimeoutMs`. */
  startTimer(): void {
    if (this.isStreamGone) return;
    const { options, platform } = this.#context;
    // The answer may have come while our own process slept, or was busy: it is read first.
    const timedOut = (): void => platform.afterReading(() => this.#timedOut());
    this.#timer ??= platform.deadlines.setTimer(timedOut, options.closeTimeoutMs);
  }

  #timedOut(): void {
    this.#timer = undefined;
    if (this.isStreamGone) return;
    if (this.#connection.state !== "closing-by-peer") {
      this.cut(new CloseTimeoutError(this.#context.options.closeTimeoutMs));
      return;
    }
    // A handler is still at work: the peer has waited long enough for its answer. What a stream had to say is no whole.
    if (this.#isLeftToStream) this.#connection.close(CloseCode.internalError);
    else this.#connection.answerClose();
    this.startTimer();
    this.#outbox.flushSoon();
  }

  /** The peer has closed: the stream that takes the messages closes when it is done, or else the timer does. */
  leaveAnswerTo(stream: StreamConsumer, code: number): false {
    this.#isLeftToStream = true;
    stream.peerClosed(code);
    return false;
  }

  /** Cuts the stream; the report will name `cause`. */
  cut(cause: Error | undefined): void {
    this.isCutByUs = true;
    this.leaving = undefined;
    this.cause ??= cause;
    this.#outbox.stop();
    this.#stream.destroy();
  }

  /** Nothing that comes counts any more, and the stream has `closeTimeoutMs` to end. */
  discardFromNowOn(): void {
    this.isDiscarding = true;
    this.startTimer();
    this.#outbox.flushSoon();
  }

  /**
   * Drops what comes when nothing counts any more: octets that nobody has read when a stream closes would make it a
   * reset, which can cost the peer our Close frame. But only what may have been on its way; a peer that floods on is
   * left waiting until the close timer cuts it.
   */
  discard(bytes: number): void {
    this.#discardedBytes += bytes;
    if (this.#discardedBytes > this.#context.maxDiscardedBytes) this.#stream.pause();
  }

  /** The peer has ended the stream, and everything before that has been read. */
  afterPeerEnded(): void {
    const { state } = this.#connection;
    if (state === "open" || state === "closing-by-us") {
      // The peer ended the stream without a Close frame (§7.1.5: 1006); there is nobody left to close with.
      this.#stream.destroy();
    } else {
      this.endStreamIfDone();
    }
  }

  /**
   * Ends our side of the stream when nothing more will be sent: after a failure, and after both Close frames.
   * RFC 6455 §5.5.1: "The server MUST close the underlying TCP connection immediately; the client SHOULD wait for the
   * server to close the connection".
   */
  endStreamIfDone(): void {
    const { state } = this.#connection;
    const isDone = state === "failed" || state === "closed-by-us" || state === "closed-by-peer";
    if (!isDone || this.#hasEndedStream || this.isStreamGone) return;
    if (!this.#outbox.isEmpty) return;
    if (this.#context.connection.role === "client" && state !== "failed" && !this.hasPeerEnded) return;
    this.#hasEndedStream = true;
    this.#stream.end();
  }

  /** The stream is gone. */
  streamClosed(error: Error | undefined): void {
    this.isStreamGone = true;
    this.leaving = undefined;
    this.#timer?.cancel();
    this.cause ??= error;
  }
}

/**
 * A byte stream between the client's handshake and the server's answer. What the peer sends meanwhile is kept, and
 * that it leaves is noticed.
 */
import { copyOctets } from "../protocol/index.js";
import type { ByteStream, ByteStreamReceiver, Timer } from "../transport/index.js";
import type { HandshakeForm } from "./handshake-form.js";
import { http1Form } from "./handshake-form.js";

// A client "MUST wait for a response from the server before sending any further data" (RFC 6455 §4.1), so that there
// is seldom anything to keep; one that cannot wait is stopped here.
const maxKeptBytes = 64 * 1024;
// What an array and its memory take beside the octets in it, measured on V8 and rounded up: a peer that sends them one by
// one would otherwise make us keep hundreds of times as much.
const keptOverheadBytes = 512;
// What may have been on its way when the refusal left.
const maxDroppedBytes = 1024 * 1024;

/** See the head of this file. */
export class PendingUpgrade implements ByteStreamReceiver {
  readonly stream: ByteStream;
  /** How it is read and answered. */
  readonly form: HandshakeForm;
  /** The peer's network address: that of the stream, until a proxy tells of another. */
  remoteAddress: string | undefined;
  /** Only there when somebody asks: without `accept`, nobody does. */
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #kept: Uint8Array[] = [];
  #receivedBytes = 0;
  #timer: Timer | undefined;
  #isClosed = false;
  #isRefused = false;
  #gone: (() => void) | undefined;

  constructor(stream: ByteStream, form: HandshakeForm = http1Form) {
    this.stream = stream;
    this.form = form;
    this.remoteAddress = stream.remoteAddress;
    stream.start(this);
  }

  /** Aborted when the peer has left, or `giveUp` was called. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the decision. */
  giveUp(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  /** Takes `timer` to be cancelled when there is a decision. */
  set timer(timer: Timer | undefined) {
    this.#timer = timer;
  }

  /** Called when the stream is gone before there is a decision. */
  set gone(callback: () => void) {
    this.#gone = callback;
  }

  /** Hands the stream over to `receiver`, with everything that has come meanwhile. */
  accept(receiver: ByteStreamReceiver, begin: () => void): void {
    this.#timer?.cancel();
    begin();
    const kept = this.#kept;
    const wasPaused = this.#receivedBytes >= maxKeptBytes;
    this.#kept = [];
    // Before the chunks, not after: the receiver may pause the stream at any of them, and it has to stay paused.
    if (wasPaused) this.stream.resume();
    for (const chunk of kept) receiver.streamReceived(chunk, 0, chunk.byteLength);
  }

  /**
   * Writes what `form.refuse` returned, and ends the stream once it has left. Ends by `deadline` even if the peer does not.
   *
   * @param gone called when the stream is gone; at once where it is already
   */
  refuse(response: Uint8Array, deadline: (cut: () => void) => Timer, gone?: () => void): void {
    this.#timer?.cancel();
    this.#isRefused = true;
    this.#kept = [];
    this.#receivedBytes = 0;
    if (this.#isClosed) {
      gone?.();
      return;
    }
    this.#gone = gone;
    this.#timer = deadline(() => {
      this.stream.destroy();
    });
    this.stream.resume();
    if (response.byteLength > 0) this.stream.write([response]);
    this.stream.end();
  }

  streamReceived(bytes: Uint8Array, start: number, end: number): void {
    this.#receivedBytes += end - start + (this.#isRefused ? 0 : keptOverheadBytes);
    if (this.#receivedBytes >= (this.#isRefused ? maxDroppedBytes : maxKeptBytes)) this.stream.pause();
    // After a refusal the peer's octets are read and dropped: cutting a stream with unread octets would cost it the
    // response. But only so many; a peer that floods on waits for its deadline.
    if (!this.#isRefused) this.#kept.push(copyOctets(bytes, start, end));
  }

  streamDrained(): void {
    // The one write there is was a refusal; `end` waits for it.
  }

  streamEnded(): void {
    this.#leave();
  }

  streamClosed(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#leave();
    this.#gone?.();
  }

  #leave(): void {
    this.giveUp(new Error("the peer left before the handshake was over"));
    if (!this.#isRefused && !this.#isClosed) this.stream.destroy();
  }
}

/**
 * `bufferedAmount` (WebSockets §3.1): "the number of bytes of application data (UTF-8 text and binary data) that have
 * been queued using send() but that, as of the last time the event loop reached step 1, had not yet been transmitted to
 * the network."
 *
 * Each message counts for its payload. Where it is, is told by the socket: first an extension may be at work on it, or it
 * waits for one; then it waits in the output; then the stream is writing the output that it was part of. What never
 * leaves counts for ever.
 */
export class BufferedAmount {
  readonly #queueTask: (task: () => void) => void;
  #amount = 0;
  /** What has left since the task began that is running: told when that is over. */
  #leftInThisTask = 0;
  /** Messages that are not in the output yet, the oldest first. */
  #unwritten: number[] = [];
  #inOutput = 0;
  #inStream = 0;

  /** @param queueTask runs a function when the task that is running is over */
  constructor(queueTask: (task: () => void) => void) {
    this.#queueTask = queueTask;
  }

  get value(): number {
    return this.#amount;
  }

  /** `send` was called with so many octets of payload. */
  queued(bytes: number): void {
    this.#amount += bytes;
  }

  /**
   * A queued message is about to be handed to the socket.
   *
   * @param isWrittenAtOnce whether no extension can hold it up
   */
  handedOver(bytes: number, isWrittenAtOnce: boolean): void {
    this.#unwritten.push(bytes);
    if (isWrittenAtOnce) this.written();
  }

  /** The socket has refused the message that was handed over last: it will never leave. As `handedOver` otherwise. */
  refused(bytes: number, isWrittenAtOnce: boolean): void {
    if (isWrittenAtOnce) this.#inOutput -= bytes;
    else this.#unwritten.pop();
  }

  /** The oldest message that was handed over is in the output. */
  written(): void {
    this.#inOutput += this.#unwritten.shift() ?? 0;
  }

  /** The stream is writing all that was in the output. */
  writing(): void {
    this.#inStream += this.#inOutput;
    this.#inOutput = 0;
  }

  /** The stream has written what it was writing. */
  streamDone(): void {
    this.#left(this.#inStream);
    this.#inStream = 0;
  }

  /** The stream has written all that was in the output. */
  outputDone(): void {
    this.writing();
    this.streamDone();
  }

  #left(bytes: number): void {
    if (bytes === 0) return;
    const isFirst = this.#leftInThisTask === 0;
    this.#leftInThisTask += bytes;
    if (!isFirst) return;
    this.#queueTask(() => {
      this.#amount -= this.#leftInThisTask;
      this.#leftInThisTask = 0;
    });
  }
}

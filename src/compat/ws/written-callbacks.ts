/**
 * The callbacks of `send`, each called when what was sent with it has left: the operating system has it. They are called in
 * a tick of their own, since much of what is sent leaves within a call of `send`.
 */

/** Called with an error where it has not. */
export type SendCallback = (error?: Error) => void;

/** See the head of this file. */
export class WrittenCallbacks {
  /** Whose message is in the output, or waits to be. */
  #waiting: SendCallback[] = [];
  /** Whose message is part of what the stream is writing. */
  #writing: SendCallback[] = [];

  /** Something was sent that has not left. */
  add(callback: SendCallback): void {
    this.#waiting.push(callback);
  }

  /** The stream takes over all that is in the output. */
  writing(): void {
    // Not as arguments of `push`: there may be more of them than a call can have.
    this.#writing = this.#writing.concat(this.#waiting);
    this.#waiting = [];
  }

  /** The stream has written what it took over. */
  written(): void {
    if (this.#writing.length > 0) call(this.#writing.splice(0));
  }

  /** All has left. */
  allWritten(): void {
    this.written();
    if (this.#waiting.length > 0) call(this.#waiting.splice(0));
  }

  /** What has not left never will. */
  fail(error: Error): void {
    call([...this.#writing.splice(0), ...this.#waiting.splice(0)], error);
  }
}

function call(callbacks: readonly SendCallback[], error?: Error): void {
  for (const callback of callbacks) {
    if (error === undefined) process.nextTick(callback);
    else process.nextTick(callback, error);
  }
}

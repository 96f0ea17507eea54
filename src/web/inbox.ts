/**
 * Messages that wait for their consumer, where nobody can stop reading.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { Message } from "../socket/socket.js";

/** See the head of this file. */
export class Inbox {
  /** Octets of what waits, with overhead. */
  heldBytes = 0;
  /** What has come since `#leaving` was filled. */
  #arrived: Message[] = [];
  /** The next messages, the first of them last, where it is cheapest to take out. */
  #leaving: Message[] = [];
  #hasConsumer = false;
  #hasEnded = false;
  #wake: () => void = () => undefined;

  /** A message has come. */
  push(message: Message): void {
    if (this.#hasEnded) return;
    this.#arrived.push(message);
    this.heldBytes += heldBytesOf(message);
    this.#wake();
  }

  /** Nothing will come any more; what waits is still delivered. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** Delivers nothing any more. */
  stop(): void {
    this.#arrived = this.#leaving = [];
    this.heldBytes = 0;
    this.end();
  }

  /**
   * Takes messages one by one, from when `opened` resolves. Leaving a `for await` loop early leaves the connection open;
   * another loop may go on where it stopped.
   *
   * @throws UsageError `already-consumed`, with the first message, when there is another consumer
   */
  async *messages(opened: Promise<void>): AsyncGenerator<Message, undefined> {
    if (this.#hasConsumer) throw new PlainUsageError("already-consumed");
    this.#hasConsumer = true;
    try {
      await opened;
      for (;;) {
        if (this.#leaving.length === 0) [this.#leaving, this.#arrived] = [this.#arrived.reverse(), []];
        const message = this.#leaving.pop();
        if (message !== undefined) {
          this.heldBytes -= heldBytesOf(message);
          yield message;
        } else if (this.#hasEnded) {
          return undefined;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#hasConsumer = false;
    }
  }
}

function heldBytesOf(message: Message): number {
  // What a string or typed array takes beside its content: the same as on Node.
  return 128 + message.length;
}

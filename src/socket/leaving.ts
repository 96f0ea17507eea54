/**
 * How a socket leaves while its server drains: it closes as soon as the message handler is done with what has come and
 * everything that was sent has left. Until then it is open, and reads no more.
 */
import type { Connection } from "../protocol/index.js";
import type { Outbox } from "./outbox.js";

/** See the head of this file. */
export class Leaving {
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #isHandling: () => boolean;
  readonly #close: () => void;

  /**
   * @param isHandling whether a message handler is at work, or has messages before it. Whoever pulls messages may never
   *   come back, and is not waited for
   * @param close closes the socket
   */
  constructor(connection: Connection, outbox: Outbox, isHandling: () => boolean, close: () => void) {
    this.#connection = connection;
    this.#outbox = outbox;
    this.#isHandling = isHandling;
    this.#close = close;
  }

  /** Closes, if nothing is at work any more. */
  tryNow(): void {
    if (this.#outbox.isDone && !this.#connection.isTransforming && !this.#isHandling()) this.#close();
  }
}

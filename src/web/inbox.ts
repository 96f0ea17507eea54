/**
 * How messages reach their consumer where nobody can stop reading: in order, one at a time, and what waits is counted.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import { MessageQueue } from "../socket/message-queue.js";
import type { Message } from "../socket/socket.js";

/** The socket, as far as its inbox needs it. */
export interface InboxOwner {
  /** The `message` handler, bound to its socket; absent where an iterator takes the messages. */
  readonly handle: ((message: Message) => unknown) | undefined;
  /** A handler threw or rejected. */
  failed(error: unknown, during: string): void;
  /** Nothing will come any more, nothing waits, and no handler is at work. */
  idle(): void;
}

type Waiter = (result: IteratorResult<Message, undefined>) => void;

const iterationEnd: IteratorResult<Message, undefined> = { done: true, value: undefined };

/** See the head of this file. */
export class Inbox {
  readonly #owner: InboxOwner;
  readonly #queue = new MessageQueue();
  #isHandling = false;
  #hasEnded = false;
  /** Those who called `next` on the iterator and wait; undefined while there is no iterator. */
  #waiters: Waiter[] | undefined;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return !this.#isHandling && this.#queue.isEmpty;
  }

  /** Octets of the messages that wait, with overhead. */
  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  /** A message has come. */
  push(message: Message): void {
    if (this.#hasEnded) return;
    this.#queue.push(message);
    this.#pump();
  }

  /** Calls a handler, and delivers nothing until what it returns has settled. */
  run(handler: () => unknown, during: string): void {
    const failed = (error: unknown): void => this.#owner.failed(error, during);
    // Also while it has not returned: what it does may lead back here.
    this.#isHandling = true;
    try {
      const result = handler() as PromiseLike<unknown> | undefined;
      if (typeof result?.then === "function") {
        // By a promise of the language's own: what a handler returns may throw from `then`, or call back twice.
        void Promise.resolve(result)
          .catch(failed)
          .then(() => {
            this.#isHandling = false;
            this.#pump();
          });
        return;
      }
    } catch (error) {
      failed(error);
    }
    this.#isHandling = false;
  }

  /** Nothing will come any more; what waits is still delivered. */
  end(): void {
    this.#hasEnded = true;
    this.#pump();
  }

  /** Delivers nothing any more, and drops what waits. */
  stop(): void {
    this.#queue.clear();
    this.end();
  }

  /** Delivers what waits, as far as the consumer takes it. */
  #pump(): void {
    const { handle } = this.#owner;
    while (!this.isIdle) {
      if (this.#isHandling || (handle === undefined && !this.#waiters?.length)) return;
      // There is one, or the inbox were idle.
      const message = this.#queue.shift() as Message;
      if (handle !== undefined) this.run(() => handle(message), "the message handler");
      else this.#waiters?.shift()?.({ done: false, value: message });
    }
    if (!this.#hasEnded) return;
    if (this.#waiters?.length) this.#leave(this.#waiters);
    this.#owner.idle();
  }

  /**
   * Takes messages one by one. Leaving a `for await` loop early leaves the connection open; another loop may go on
   * where it stopped.
   *
   * @throws UsageError `already-consumed` when there is a message handler or an iterator already
   */
  iterate(): AsyncIterator<Message, undefined> {
    if (this.#owner.handle !== undefined || this.#waiters !== undefined) throw new PlainUsageError("already-consumed");
    const waiters: Waiter[] = [];
    this.#waiters = waiters;
    return {
      // An iterator that has been left, or has told of the end, has nothing to do with messages any more.
      next: () =>
        new Promise((resolve) => {
          if (this.#waiters !== waiters) {
            resolve(iterationEnd);
            return;
          }
          waiters.push(resolve);
          this.#pump();
        }),
      return: () => {
        this.#leave(waiters);
        return Promise.resolve(iterationEnd);
      },
    };
  }

  /** Lets go of an iterator; those who wait for its next message wait no longer. */
  #leave(waiters: Waiter[]): void {
    if (this.#waiters === waiters) this.#waiters = undefined;
    for (const waiter of waiters.splice(0)) waiter(iterationEnd);
  }
}

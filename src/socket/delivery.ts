/**
 * How messages reach their consumer, in order and one at a time.
 *
 * A message goes straight to the handler. Only while a handler's promise is pending, or while nobody consumes yet, do
 * messages wait in the inbox; when that is full, the owner is told to stop reading.
 */
import { UsageError } from "../protocol/index.js";
import { MessageQueue } from "./message-queue.js";
import type { Message } from "./socket.js";

/** The socket, as far as delivery needs it. */
export interface DeliveryOwner {
  /** Whether there is a `message` handler. */
  readonly hasMessageHandler: boolean;
  /** Calls the `message` handler and returns what it returned. */
  handleMessage(message: Message): unknown;
  /** A handler threw or rejected. */
  handlerFailed(error: unknown, during: string): void;
  /** Octets that may wait. */
  readonly maxInboxBytes: number;
  /** Whether this side has sent its Close frame, and must read on for the peer's. */
  readonly isLeaving: boolean;
  /** A message waits in the inbox. */
  messageWaits(): void;
  /** The inbox is full: read no more. */
  inboxFull(): void;
  /** The inbox has room again. */
  inboxRoomy(): void;
  /** Nothing waits, and no handler is at work. */
  deliveryIdle(): void;
}

/** A stream, as far as delivery needs it. */
export interface StreamConsumer {
  /** The peer has sent its Close frame: after the messages before it, nothing will come. Its code is 1005 where it had none. */
  peerClosed(code: number): void;
}

type Waiter = (result: IteratorResult<Message, undefined>) => void;

const iterationEnd: IteratorResult<Message, undefined> = Object.freeze({ done: true, value: undefined });

/** See the head of this file. */
export class Delivery {
  readonly #owner: DeliveryOwner;
  #inbox: MessageQueue | undefined;
  #isHandling = false;
  #isFull = false;
  #isStopped = false;
  #hasEnded = false;
  /**
   * The stream that takes the messages, if one does. It comes back for the rest, so that a full inbox stops reading while
   * this side leaves, too, and it is asked before the peer's Close frame is answered.
   */
  stream: StreamConsumer | undefined;
  /** Those who called `next` on the iterator and wait; undefined while there is no iterator. */
  #waiters: Waiter[] | undefined;

  constructor(owner: DeliveryOwner) {
    this.#owner = owner;
  }

  /** Whether nothing waits and no handler is at work. */
  get isIdle(): boolean {
    return !this.#isHandling && (this.#inbox === undefined || this.#inbox.isEmpty);
  }

  /** Octets of the messages that wait, with overhead. */
  get heldBytes(): number {
    return this.#inbox?.heldBytes ?? 0;
  }

  /** Whether what comes is dropped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** A message has come. */
  deliver(message: Message): void {
    if (this.#isStopped) return;
    if (this.isIdle && this.#canDeliver()) {
      this.#hand(message);
      return;
    }
    const inbox = (this.#inbox ??= new MessageQueue());
    const { maxInboxBytes } = this.#owner;
    if (this.#isFull && this.#owner.isLeaving && !inbox.isEmpty && inbox.heldBytes >= maxInboxBytes) {
      // Reading goes on for the peer's Close frame only: no gap may follow, so that this is the end of the messages.
      this.#isStopped = true;
      return;
    }
    inbox.push(message);
    this.#owner.messageWaits();
    if (this.#isFull || inbox.heldBytes < maxInboxBytes) return;
    this.#isFull = true;
    this.#owner.inboxFull();
  }

  /** Calls a handler, and delivers nothing until what it returns has settled. */
  callFirst(handler: () => unknown, during: string): void {
    try {
      const result = handler();
      if (isThenable(result)) this.#holdFor(result, during);
    } catch (error) {
      this.#owner.handlerFailed(error, during);
    }
  }

  #holdFor(promise: PromiseLike<unknown>, during: string): void {
    // Nothing is held back from an open handler that takes messages itself.
    this.#isHandling = this.#waiters === undefined;
    // By a promise of the language's own: what a handler returns may throw from `then`, or call back twice.
    Promise.resolve(promise).then(
      () => this.#handled(),
      (error: unknown) => {
        this.#owner.handlerFailed(error, during);
        this.#handled();
      },
    );
  }

  /** Delivers nothing any more, and drops what waits. */
  stop(): void {
    this.#isStopped = true;
    this.#inbox = undefined;
    this.#makeRoom();
    this.end();
  }

  /** Nothing will come any more; what waits is still delivered. */
  end(): void {
    this.#hasEnded = true;
    this.#pump();
  }

  #handle(message: Message): void {
    // Also while it has not returned: closing from within reads on, and what is there has to wait its turn.
    this.#isHandling = true;
    try {
      const result = this.#owner.handleMessage(message);
      if (isThenable(result)) this.#holdFor(result, "the message handler");
      else this.#isHandling = false;
    } catch (error) {
      this.#isHandling = false;
      this.#owner.handlerFailed(error, "the message handler");
    }
  }

  #handled(): void {
    this.#isHandling = false;
    this.#pump();
  }

  /** Delivers what waits, as far as the consumer takes it. */
  #pump(): void {
    while (!this.#isHandling && this.#canDeliver()) {
      const message = this.#inbox?.shift();
      if (message !== undefined) {
        this.#hand(message);
        continue;
      }
      this.#inbox = undefined;
      // Only now that nothing waits: what the owner reads on from here may go straight to the consumer.
      if (!this.#makeRoom()) break;
    }
    if (!this.isIdle) return;
    if (this.#hasEnded && this.#waiters !== undefined && this.#waiters.length > 0) this.#leave(this.#waiters);
    this.#owner.deliveryIdle();
  }

  #hand(message: Message): void {
    if (this.#owner.hasMessageHandler) this.#handle(message);
    else this.#waiters?.shift()?.({ done: false, value: message });
  }

  /** Lets the owner read again, where it had been stopped. */
  #makeRoom(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = false;
    if (wasFull) this.#owner.inboxRoomy();
    return wasFull;
  }

  #canDeliver(): boolean {
    return this.#owner.hasMessageHandler || (this.#waiters !== undefined && this.#waiters.length > 0);
  }

  /**
   * Takes messages one by one. Leaving a `for await` loop early leaves the connection open; another loop may go on
   * where it stopped.
   *
   * @throws UsageError `already-consumed` when there is a message handler or an iterator already
   */
  iterate(): AsyncIterator<Message, undefined> {
    if (this.#owner.hasMessageHandler || this.#waiters !== undefined) throw new UsageError("already-consumed");
    const waiters: Waiter[] = [];
    this.#waiters = waiters;
    // As in `#holdFor`: the open handler may take them, or wait for whoever does.
    this.#isHandling = false;
    return {
      next: () => this.#next(waiters),
      return: () => {
        this.#leave(waiters);
        return Promise.resolve(iterationEnd);
      },
    };
  }

  #next(waiters: Waiter[]): Promise<IteratorResult<Message, undefined>> {
    // An iterator that has been left, or has told of the end, has nothing to do with messages any more.
    if (this.#waiters !== waiters) return Promise.resolve(iterationEnd);
    return new Promise((resolve) => {
      waiters.push(resolve);
      this.#pump();
    });
  }

  /** Lets go of an iterator; those who wait for its next message wait no longer. */
  #leave(waiters: Waiter[]): void {
    if (this.#waiters === waiters) this.#waiters = undefined;
    for (const waiter of waiters.splice(0)) waiter(iterationEnd);
  }
}

/** Whether `value` has to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * How messages reach their consumer, in order and one at a time.
 *
 * A message goes straight to the handler. Only while a handler's promise is pending, or while nobody consumes yet, do
 * messages wait in the inbox; when that is full, the owner is told to stop reading.
 */
import type { Receiving } from "../protocol/index.js";
import { UsageError } from "../protocol/index.js";
import { MessageBody } from "./message-body.js";
import type { Consumer, ConsumerOwner } from "./message-iterator.js";
import { MessageIterator } from "./message-iterator.js";
import type { Entry } from "./message-queue.js";
import { MessageQueue } from "./message-queue.js";
import type { Message } from "./socket.js";
import { isThenable } from "./thenable.js";

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
  /** How messages are to be handed on from now on: there is another consumer, or none. */
  receive(receiving: Receiving): void;
}

/** A stream, as far as delivery needs it. */
export interface StreamConsumer {
  /** The peer has sent its Close frame: after the messages before it, nothing will come. Its code is 1005 where it had none. */
  peerClosed(code: number): void;
}

/** What is being handed on while it comes. */
export interface Streaming {
  /** Octets that wait to be read, with overhead. */
  readonly waitingBytes: number;
  /** Octets held, with overhead: those, and what is collected. */
  readonly heldBytes: number;
  /** The next message is asked for. */
  leaveCurrent(): void;
  /** All of a message that has begun to come. Rejects when it does not come to its end. */
  whole(body: MessageBody): Promise<Message>;
  /** Drops what is held, and what comes. */
  stop(): void;
}

/** See the head of this file. */
export class Delivery implements ConsumerOwner {
  /** Made when messages are first to be handed on while they come. */
  streaming: Streaming | undefined;
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
  /** Who pulls messages. */
  #consumer: Consumer | undefined;

  constructor(owner: DeliveryOwner) {
    this.#owner = owner;
  }

  /** Whether nothing waits and no handler is at work. */
  get isIdle(): boolean {
    return !this.#isHandling && (this.#inbox === undefined || this.#inbox.isEmpty);
  }

  /** Octets of the messages that wait, with overhead. */
  get heldBytes(): number {
    return (this.#inbox?.heldBytes ?? 0) + (this.streaming?.heldBytes ?? 0);
  }

  /** The same without what is being collected for somebody. */
  get waitingBytes(): number {
    return (this.#inbox?.heldBytes ?? 0) + (this.streaming?.waitingBytes ?? 0);
  }

  /** Whether nobody has said yet how messages are to be consumed. */
  get isUndecided(): boolean {
    return this.#consumer === undefined && !this.#owner.hasMessageHandler;
  }

  /** Whether what comes is dropped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** A message has come, or begins to. */
  deliver(message: Entry): void {
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
    if (this.#isFull || this.waitingBytes < maxInboxBytes) return;
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
    this.#isHandling = this.#consumer === undefined;
    // By a promise of the language's own: what a handler returns may throw from `then`, or call back twice.
    Promise.resolve(promise).then(
      () => this.#handled(),
      (error: unknown) => {
        this.#owner.handlerFailed(error, during);
        this.#handled();
      },
    );
  }

  /** Delivers what waits, and drops what comes. */
  dropWhatComes(): void {
    this.#isStopped = true;
  }

  /** Delivers nothing any more, and drops what waits. */
  stop(): void {
    this.#isStopped = true;
    const dropped = this.#inbox;
    this.#inbox = undefined;
    for (let entry = dropped?.shift(); entry !== undefined; entry = dropped?.shift()) {
      if (entry instanceof MessageBody) entry.discard();
    }
    this.streaming?.stop();
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
        // The rest of one that comes is waited for before the next one is.
        if (message instanceof MessageBody && this.#inbox?.isEmpty === true) this.#makeRoom();
        continue;
      }
      this.#inbox = undefined;
      // Only now that nothing waits: what the owner reads on from here may go straight to the consumer.
      if (!this.#makeRoom()) break;
    }
    if (!this.isIdle) return;
    if (this.#hasEnded && this.#consumer?.isWaiting === true) this.#consumer.end();
    this.#owner.deliveryIdle();
  }

  #hand(entry: Entry): void {
    // Where there is a handler, nothing else is ever delivered than whole messages.
    if (this.#owner.hasMessageHandler) this.#handle(entry as Message);
    else this.#consumer?.take(entry);
  }

  /** Lets the owner read again, where it had been stopped. */
  #makeRoom(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = false;
    if (wasFull) this.#owner.inboxRoomy();
    return wasFull;
  }

  #canDeliver(): boolean {
    return this.#owner.hasMessageHandler || this.#consumer?.isWaiting === true;
  }

  /**
   * Takes messages one by one. Leaving a `for await` loop early leaves the connection open; another loop may go on
   * where it stopped.
   *
   * @throws UsageError `already-consumed` when there is a message handler or an iterator already
   */
  iterate(): AsyncIterator<Message, undefined> {
    const iterator = new MessageIterator(this);
    this.consume(iterator, "whole");
    return iterator;
  }

  /** There is a consumer from now on. Throws as `iterate`. */
  consume(consumer: Consumer, receiving: Receiving): void {
    if (!this.isUndecided) throw new UsageError("already-consumed");
    this.#consumer = consumer;
    // As in `#holdFor`: the open handler may take them, or wait for whoever does.
    this.#isHandling = false;
    this.#owner.receive(receiving);
  }

  /** From the consumer. */
  asksForNext(): void {
    this.streaming?.leaveCurrent();
    this.#pump();
  }

  /** From the consumer. */
  left(consumer: Consumer): void {
    if (this.#consumer !== consumer) return;
    this.#consumer = undefined;
    this.#owner.receive("undecided");
  }

  /** From the consumer. Bodies come from nowhere but `streaming`. */
  whole(body: MessageBody): Promise<Message> {
    return (this.streaming as Streaming).whole(body);
  }
}

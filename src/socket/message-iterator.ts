/**
 * Messages for whoever pulls them one by one: what the iterators have in common, and the one whose messages are whole.
 */
import { MessageBody } from "./message-body.js";
import type { Entry } from "./message-queue.js";
import type { Message } from "./socket.js";

/** Whoever pulls messages, as delivery sees it. */
export interface Consumer {
  /** Whether it waits for one. */
  readonly isWaiting: boolean;
  /** Gives it one, when it waits. */
  take(entry: Entry): void;
  /** There is none any more. */
  end(): void;
}

/** Delivery, as far as its consumers need it. */
export interface ConsumerOwner {
  /** A consumer waits for a message, and is done with the one before. */
  asksForNext(): void;
  /** It wants no more. */
  left(consumer: Consumer): void;
  /** All of a message that has begun to come for somebody else. Rejects when it does not come to its end. */
  whole(body: MessageBody): Promise<Message>;
}

/** What an iterator that was asked for a message answers. */
type Answer<Value> = (result: IteratorResult<Value, undefined>) => void;

const iterationEnd: IteratorResult<never, undefined> = Object.freeze({ done: true, value: undefined });

/** What all of them do. */
export abstract class PullIterator<Value> implements Consumer, AsyncIterableIterator<Value, undefined> {
  protected readonly owner: ConsumerOwner;
  readonly #waiters: Answer<Value>[] = [];
  #isOver = false;

  constructor(owner: ConsumerOwner) {
    this.owner = owner;
  }

  get isWaiting(): boolean {
    return this.#waiters.length > 0;
  }

  take(entry: Entry): void {
    const answer = this.#waiters.shift();
    if (answer !== undefined) this.give(entry, answer);
  }

  /** Answers with a message. */
  protected abstract give(entry: Entry, answer: Answer<Value>): void;

  /** There was no message after all: waits for the next one. */
  protected waitOn(answer: Answer<Value>): void {
    if (this.#isOver) {
      answer(iterationEnd);
      return;
    }
    this.#waiters.unshift(answer);
    this.owner.asksForNext();
  }

  /** Those who wait for the next message wait no longer. */
  end(): void {
    this.#isOver = true;
    this.owner.left(this);
    for (const answer of this.#waiters.splice(0)) answer(iterationEnd);
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    // An iterator that has been left, or has told of the end, has nothing to do with messages any more.
    if (this.#isOver) return Promise.resolve(iterationEnd);
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.owner.asksForNext();
    });
  }

  return(): Promise<IteratorResult<Value, undefined>> {
    this.end();
    return Promise.resolve(iterationEnd);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Each message when it is complete. */
export class MessageIterator extends PullIterator<Message> {
  protected give(entry: Entry, answer: Answer<Message>): void {
    if (!(entry instanceof MessageBody)) {
      answer({ done: false, value: entry });
      return;
    }
    void this.owner.whole(entry).then(
      (value) => answer({ done: false, value }),
      // It has not come to its end, and is nothing to those who take whole messages.
      () => this.waitOn(answer),
    );
  }
}

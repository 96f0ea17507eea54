/**
 * Messages of many connections for one iterator, in order: one is offered at a time, and none is pulled from a connection
 * before the last was taken.
 */
import type { Message } from "../socket/index.js";

type Result = IteratorResult<Message, undefined>;
type Taker = (result: Result) => void;

const iterationEnd: Result = { done: true, value: undefined };

/** See the head of this file. */
export class MessageRelay {
  #takers: Taker[] | undefined;
  #offer: { readonly message: Message; readonly place: number; readonly taken: () => void } | undefined;
  #hasEnded = false;
  #firstKept = 0;

  /** Whether somebody iterates. */
  get isConsumed(): boolean {
    return this.#takers !== undefined;
  }

  /**
   * Offers all messages of a connection. Resolves when they have been taken, or were dropped.
   *
   * @param place which connection it is, counted up
   */
  async relay(messages: AsyncIterable<Message>, place: number): Promise<void> {
    for await (const message of messages) {
      if (place < this.#firstKept) return;
      await this.#give(message, place);
    }
  }

  /** Drops what nobody has taken of connections before `place`. */
  dropBefore(place: number): void {
    this.#firstKept = place;
    const offer = this.#offer;
    if (offer === undefined || offer.place >= place) return;
    this.#offer = undefined;
    offer.taken();
  }

  /** No connection follows, and all messages have been taken. */
  end(): void {
    this.#hasEnded = true;
    for (const taker of this.#takers?.splice(0) ?? []) taker(iterationEnd);
  }

  #give(message: Message, place: number): Promise<void> | undefined {
    const taker = this.#takers?.shift();
    if (taker === undefined) {
      return new Promise((taken) => {
        this.#offer = { message, place, taken };
      });
    }
    taker({ done: false, value: message });
    return undefined;
  }

  /** As the iterator of a socket: it may be left, and another may go on. */
  iterate(): AsyncIterator<Message, undefined> {
    const takers: Taker[] = [];
    this.#takers = takers;
    return {
      next: () =>
        new Promise((resolve) => {
          const offer = this.#offer;
          if (this.#takers !== takers || (offer === undefined && this.#hasEnded)) {
            resolve(iterationEnd);
          } else if (offer === undefined) {
            takers.push(resolve);
          } else {
            this.#offer = undefined;
            resolve({ done: false, value: offer.message });
            offer.taken();
          }
        }),
      return: () => {
        if (this.#takers === takers) this.#takers = undefined;
        for (const taker of takers.splice(0)) taker(iterationEnd);
        return Promise.resolve(iterationEnd);
      },
    };
  }
}

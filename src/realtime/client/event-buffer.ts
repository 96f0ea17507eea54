/**
 * Events that wait for a loop.
 */

/** How a buffer makes room, and who is told that there is some. */
export interface BufferPolicy<Event> {
  /** Puts an event to those that wait; may merge it with them, or drop some. */
  readonly add: (waiting: Event[], event: Event) => void;
  /** An event has been taken. */
  readonly taken: () => void;
  /** The loop has been left. */
  readonly left: () => void;
}

interface Taker<Event> {
  readonly resolve: (result: IteratorResult<Event, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** See the head of this file. What is in it when it ends is still taken. */
export class EventBuffer<Event> implements AsyncIterableIterator<Event, undefined> {
  readonly #waiting: Event[] = [];
  readonly #takers: Taker<Event>[] = [];
  readonly #policy: BufferPolicy<Event>;
  #end: { readonly error?: unknown } | undefined;

  constructor(policy: BufferPolicy<Event>) {
    this.#policy = policy;
  }

  /** Events that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Nothing may be added after the end. */
  push(event: Event): void {
    if (this.#end !== undefined) return;
    this.#policy.add(this.#waiting, event);
    this.#serve();
  }

  /** No more events. With an error, the loop throws it behind those that wait. */
  end(reason: { readonly error?: unknown } = {}): void {
    this.#end ??= reason;
    this.#serve();
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.#waiting.length = 0;
    // Whoever leaves does not want to hear why it was over.
    this.#end = {};
    this.end();
    this.#policy.left();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      if (this.#waiting.length > 0) {
        this.#takers.shift()?.resolve({ done: false, value: this.#waiting.shift() as Event });
        this.#policy.taken();
        continue;
      }
      const end = this.#end;
      if (end === undefined) return;
      // An error is told once.
      this.#end = {};
      const taker = this.#takers.shift();
      if ("error" in end) taker?.reject(end.error);
      else taker?.resolve({ done: true, value: undefined });
    }
  }
}

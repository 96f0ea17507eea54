/**
 * Whoever wants to hear of events: loops, each with a buffer, and listeners.
 */
import { callAside } from "../../socket/calling.js";
import { EventBuffer } from "./event-buffer.js";

/** What becomes of an audience. */
export interface AudienceOptions<Event> {
  /** Makes what puts events to those that wait for one loop: how its buffer makes room. */
  readonly adder: () => (waiting: Event[], event: Event) => void;
  /** A loop has taken an event. */
  readonly taken: () => void;
  /** Somebody has joined. */
  readonly joined: () => void;
  /** Somebody has left. */
  readonly left: () => void;
  readonly reportError: (error: unknown, during: string) => void;
}

interface Listener<Event> {
  readonly listener: (event: Event) => unknown;
  readonly failed: ((error: unknown) => void) | undefined;
}

/** See the head of this file. */
export class Audience<Event> {
  readonly #buffers = new Set<EventBuffer<Event>>();
  readonly #listeners = new Set<Listener<Event>>();
  readonly #options: AudienceOptions<Event>;

  constructor(options: AudienceOptions<Event>) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#buffers.size === 0 && this.#listeners.size === 0;
  }

  /** Events that wait for the slowest loop. */
  get lag(): number {
    let lag = 0;
    for (const buffer of this.#buffers) lag = Math.max(lag, buffer.size);
    return lag;
  }

  emit(event: Event): void {
    for (const buffer of this.#buffers) buffer.push(event);
    for (const { listener } of this.#listeners) this.#call(() => listener(event));
  }

  #call(handler: () => unknown): void {
    callAside(handler, (error) => this.#options.reportError(error, "listener"));
  }

  /** @param first what the loop gets before everything else */
  iterate(first?: Event): EventBuffer<Event> {
    const { adder, taken, joined, left } = this.#options;
    const buffer = new EventBuffer<Event>({
      add: adder(),
      taken,
      left: () => {
        if (this.#buffers.delete(buffer)) left();
      },
    });
    if (first !== undefined) buffer.push(first);
    this.#buffers.add(buffer);
    joined();
    return buffer;
  }

  listen(listener: Listener<Event>["listener"], failed?: Listener<Event>["failed"]): () => void {
    const entry: Listener<Event> = { listener, failed };
    this.#listeners.add(entry);
    this.#options.joined();
    return () => {
      if (this.#listeners.delete(entry)) this.#options.left();
    };
  }

  /** Nothing follows. With an error, loops throw it and listeners are told. */
  end(reason: { readonly error?: unknown } = {}): void {
    const buffers = [...this.#buffers];
    const listeners = [...this.#listeners];
    this.#buffers.clear();
    this.#listeners.clear();
    for (const buffer of buffers) buffer.end(reason);
    if (!("error" in reason)) return;
    for (const { failed } of listeners) this.#call(() => failed?.(reason.error));
  }
}

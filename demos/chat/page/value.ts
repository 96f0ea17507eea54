// A value outside of components, which they may read.
import { useSyncExternalStore } from "react";

/** See the head of this file. */
export class Value<Held> {
  #held: Held;
  readonly #listeners = new Set<() => void>();

  constructor(held: Held) {
    this.#held = held;
  }

  readonly get = (): Held => this.#held;

  set(held: Held): void {
    if (Object.is(held, this.#held)) return;
    this.#held = held;
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}

/** What it holds, and renders when that changes. */
export function useHeld<Held>(value: Value<Held>): Held {
  return useSyncExternalStore(value.subscribe, value.get);
}

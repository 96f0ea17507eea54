/**
 * Events by name, as Yjs's providers have them.
 */

type Listener<Arguments extends readonly unknown[]> = (...given: Arguments) => unknown;

/** See the head of this file. */
export class Emitter<Events extends Readonly<Record<keyof Events, readonly unknown[]>>> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #failed: (error: unknown) => void;

  /** @param failed is told what a listener throws */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const known = this.#listeners.get(name) ?? new Set();
    known.add(listener);
    this.#listeners.set(name, known);
  }

  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  /** @returns whether anybody listens */
  emit<Name extends keyof Events>(name: Name, ...given: Events[Name]): boolean {
    const listeners = this.#listeners.get(name) ?? new Set();
    for (const listener of [...listeners]) {
      try {
        (listener as Listener<Events[Name]>)(...given);
      } catch (error) {
        this.#failed(error);
      }
    }
    return listeners.size > 0;
  }

  clear(): void {
    this.#listeners.clear();
  }
}

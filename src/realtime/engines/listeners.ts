/**
 * Those who listen to channels in this process.
 */
import type { EngineSubscription } from "./engine.js";

/** See the head of this file. */
export class Listeners<Heard> {
  readonly #byChannel = new Map<string, Set<(heard: Heard) => void>>();

  add(channel: string, receive: (heard: Heard) => void): EngineSubscription {
    const listeners = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, listeners);
    // One of its own, so that the same function may listen twice.
    const listener = (heard: Heard): void => receive(heard);
    listeners.add(listener);
    return {
      stop: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#byChannel.get(channel) === listeners) this.#byChannel.delete(channel);
      },
    };
  }

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  tell(channel: string, heard: Heard): void {
    const listeners = this.#byChannel.get(channel);
    if (listeners !== undefined) for (const listener of listeners) listener(heard);
  }
}

/**
 * Who came and who left a channel, the newest of each user.
 */
import type { PresenceEntry } from "../wire/index.js";

/** See the head of this file. */
export class PresenceChanges {
  readonly #came = new Map<string, PresenceEntry>();
  readonly #gone = new Set<string>();

  get isEmpty(): boolean {
    return this.#came.size + this.#gone.size === 0;
  }

  came(entry: PresenceEntry): void {
    this.#gone.delete(entry[0]);
    this.#came.set(entry[0], entry);
  }

  left(user: string): void {
    this.#came.delete(user);
    this.#gone.add(user);
  }

  /** All of them, which are forgotten here. */
  take(): { readonly came: readonly PresenceEntry[]; readonly gone: readonly string[] } {
    const taken = { came: [...this.#came.values()], gone: [...this.#gone] };
    this.#came.clear();
    this.#gone.clear();
    return taken;
  }
}

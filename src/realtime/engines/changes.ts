/**
 * The keys of a state in the order in which they changed last, so that what has changed since any moment is found by
 * going back from the newest.
 */
import type { Linked } from "./linked-list.js";
import { LinkedList } from "./linked-list.js";

/** The last change of a key. */
export interface KeyChange extends Linked<KeyChange> {
  readonly key: string;
  readonly value: unknown;
  /** The position of the change. */
  readonly revision: string;
  /** Grows with every change. */
  readonly sequence: number;
  readonly isDeleted: boolean;
  /** Octets that it takes. */
  readonly bytes: number;
}

/** What has changed. */
export interface Changed {
  readonly set: readonly KeyChange[];
  readonly deleted: readonly string[];
}

/** See the head of this file. */
export class Changes {
  readonly #byKey = new Map<string, KeyChange>();
  readonly #byAge = new LinkedList<KeyChange>();

  /** Keys that are known, deleted ones among them. */
  get size(): number {
    return this.#byKey.size;
  }

  get oldest(): KeyChange | undefined {
    return this.#byAge.oldest;
  }

  get(key: string): KeyChange | undefined {
    return this.#byKey.get(key);
  }

  /** Puts a change in the place of the key's last one, which is returned. */
  put(change: Omit<KeyChange, "older" | "newer">): KeyChange | undefined {
    const before = this.#byKey.get(change.key);
    if (before !== undefined) this.#byAge.remove(before);
    const { key, value, revision, sequence, isDeleted, bytes } = change;
    // Written out, so that all have one shape, whoever made them.
    const kept: KeyChange = { key, value, revision, sequence, isDeleted, bytes, older: undefined, newer: undefined };
    this.#byKey.set(change.key, kept);
    this.#byAge.push(kept);
    return before;
  }

  /** Forgets a key's last change. */
  remove(change: KeyChange): void {
    this.#byKey.delete(change.key);
    this.#byAge.remove(change);
  }

  /** What has changed after `sequence`, each key once, the change before others first. */
  since(sequence: number): Changed {
    const set: KeyChange[] = [];
    const deleted: string[] = [];
    for (let change = this.#byAge.newest; change !== undefined && change.sequence > sequence; change = change.older) {
      if (change.isDeleted) deleted.push(change.key);
      else set.push(change);
    }
    return { set: set.reverse(), deleted: deleted.reverse() };
  }

  /** From the oldest on; or from behind `key`, if it stands where it stood. */
  *after(sequence: number, key: string | undefined): Generator<KeyChange, void> {
    const last = key === undefined ? undefined : this.#byKey.get(key);
    let change = last?.sequence === sequence ? last.newer : this.#byAge.oldest;
    while (change !== undefined && change.sequence <= sequence) change = change.newer;
    for (; change !== undefined; change = change.newer) yield change;
  }
}

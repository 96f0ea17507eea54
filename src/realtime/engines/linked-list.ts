/**
 * A doubly linked list whose links are members of its items, so that an item is taken out in no time.
 */

/** What an item must have. Only the list writes them. */
export interface Linked<Item> {
  older: Item | undefined;
  newer: Item | undefined;
}

/** See the head of this file. Items are in at most one list. */
export class LinkedList<Item extends Linked<Item>> {
  #oldest: Item | undefined;
  #newest: Item | undefined;
  #size = 0;

  get oldest(): Item | undefined {
    return this.#oldest;
  }

  get newest(): Item | undefined {
    return this.#newest;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an item as the newest. */
  push(item: Item): void {
    item.older = this.#newest;
    item.newer = undefined;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.#size++;
  }

  /** Takes out an item of this list. */
  remove(item: Item): void {
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    item.older = undefined;
    item.newer = undefined;
    this.#size--;
  }
}

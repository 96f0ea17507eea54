/**
 * Requests that have to be begun in the order in which they came, those of one channel each.
 */

/** See the head of this file. */
export class InOrder {
  readonly #last = new Map<string, Promise<void>>();
  /** Why nothing is begun any more. */
  #refusal: Error | undefined;
  #rights = 0;

  /** Counts how often it has changed what may be done. */
  get rights(): number {
    return this.#rights;
  }

  /** What may be done is another: what has been prepared and not begun is prepared anew. */
  reconsider(): void {
    this.#rights++;
  }

  /** Nothing is begun any more, also of what waits. */
  refuse(error: Error): void {
    this.#refusal ??= error;
  }

  /**
   * Prepares when all before it with this key have been prepared, and acts at once then. Acting goes on side by side.
   *
   * @returns what `act` comes to; rejects with what either throws
   */
  async run<Prepared, Result>(
    key: string,
    prepare: () => Promise<Prepared>,
    act: (prepared: Prepared) => Promise<Result>,
  ): Promise<Result> {
    const before = this.#last.get(key);
    let settle: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.#last.set(key, settled);
    let acting: Promise<Result> | undefined;
    try {
      if (before !== undefined) await before;
      while (acting === undefined) {
        this.#check();
        const rights = this.#rights;
        const prepared = await prepare();
        this.#check();
        // In the same breath, so that nothing changes in between.
        if (rights === this.#rights) acting = act(prepared);
      }
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
      settle();
    }
    return await acting;
  }

  #check(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }
}

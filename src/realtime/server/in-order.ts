/**
 * Requests that have to be begun in the order in which they came, those of one channel each.
 */

/** See the head of this file. */
export class InOrder {
  readonly #last = new Map<string, Promise<void>>();

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
    let acting: Promise<Result>;
    try {
      if (before !== undefined) await before;
      acting = act(await prepare());
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
      settle();
    }
    return await acting;
  }
}

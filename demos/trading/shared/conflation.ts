// How many changes of a book the server made, and how many of them a page was sent: over the last seconds.

/** What a second came to. */
export interface ConflationRates {
  /** Changes of levels at the server in a second. */
  readonly made: number;
  /** Levels that came in a second. */
  readonly received: number;
  /** Updates in a second, each with any number of levels. */
  readonly updates: number;
  /** Changes for each level that came. */
  readonly ratio: number;
}

interface Update {
  readonly atMs: number;
  readonly levelChanges: number;
  readonly levels: number;
}

/** See the head of this file. */
export class Conflation {
  readonly #windowMs: number;
  /** The oldest first. */
  #updates: Update[] = [];

  /** @param windowMs How far it looks back. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /**
   * An update came.
   * @param levelChanges Changes of levels that the server has made until then.
   * @param levels Levels that the update has.
   * @param nowMs Any clock that does not go backward.
   */
  add(levelChanges: number, levels: number, nowMs: number): void {
    this.#updates.push({ atMs: nowMs, levelChanges, levels });
    // One before the window is where counting begins.
    while ((this.#updates[1]?.atMs ?? nowMs) < nowMs - this.#windowMs) this.#updates.shift();
  }

  /** Begins anew: with another book, or another pace. */
  clear(): void {
    this.#updates = [];
  }

  /** The rates; undefined while there is too little to tell. */
  rates(): ConflationRates | undefined {
    const [first, ...later] = this.#updates;
    const last = later.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const seconds = (last.atMs - first.atMs) / 1000;
    const received = later.reduce((sum, { levels }) => sum + levels, 0);
    if (seconds <= 0 || received === 0) return undefined;
    const made = last.levelChanges - first.levelChanges;
    return {
      ...{ made: made / seconds, received: received / seconds, updates: later.length / seconds },
      ratio: made / received,
    };
  }
}

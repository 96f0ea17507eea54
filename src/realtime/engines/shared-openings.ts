/**
 * What is opened once for all who want it, and stopped when nobody does any more.
 */

interface Opening<Opened> {
  readonly opened: Promise<Opened>;
  /** Those who are still waiting for it are among them. */
  takers: number;
}

/** See the head of this file. */
export class SharedOpenings<Opened extends { stop(): void }> {
  readonly #openings = new Map<string, Opening<Opened>>();

  /** What is there, or about to be; undefined where it is not wanted, or does not open. */
  async peek(name: string): Promise<Opened | undefined> {
    return await this.#openings.get(name)?.opened.catch(() => undefined);
  }

  /**
   * @param open opens it where it is not open
   * @returns it, and what has to be called when it is not wanted any more
   * @throws what `open` throws
   */
  async take(
    name: string,
    open: () => Promise<Opened>,
  ): Promise<{ readonly opened: Opened; readonly release: () => void }> {
    const opening = this.#openings.get(name) ?? { opened: open(), takers: 0 };
    this.#openings.set(name, opening);
    opening.takers++;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      if (--opening.takers > 0) return;
      if (this.#openings.get(name) === opening) this.#openings.delete(name);
      stopped(opening);
    };
    try {
      return { opened: await opening.opened, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Calls back with each that is open, in a moment. */
  forEach(callback: (opened: Opened) => void): void {
    for (const { opened } of this.#openings.values()) opened.then(callback, neverOpened);
  }

  /** Stops all of them. */
  stop(): void {
    this.forEach((opened) => opened.stop());
  }
}

function stopped({ opened }: Opening<{ stop(): void }>): void {
  opened.then((open) => open.stop(), neverOpened);
}

/** Whoever wanted it has been told. */
function neverOpened(): void {
  // Nothing is left to do.
}

/**
 * Letting others have their turn: what is written in a loop that never waits, and is taken by the kernel as fast as it
 * comes, would otherwise keep the process from ever reading, or from ever looking at its timers.
 */

// As much as the outbox collects before it writes in the midst of a turn.
const burstBytes = 64 * 1024;

// So that short messages count, too.
const overheadBytes = 64;

/** Counts what one stream writes. */
export class Burst {
  readonly #afterReading: (callback: () => void) => void;
  #bytes = 0;

  /** @param afterReading calls back when everybody has been read from, as `Platform.afterReading` */
  constructor(afterReading: (callback: () => void) => void) {
    this.#afterReading = afterReading;
  }

  /**
   * Something was written at once.
   *
   * @param length of it, in octets or characters
   * @returns undefined, or a promise to be waited for before more is written
   */
  wrote(length: number): Promise<void> | undefined {
    this.#bytes += length + overheadBytes;
    if (this.#bytes < burstBytes) return undefined;
    this.#bytes = 0;
    return new Promise((resolve) => this.#afterReading(resolve));
  }
}

import type { Update } from "./shared/wire.js";

const START_VALUE = 100;
const STEP = 0.8;
/** Pulls the walk back toward its start, so that it stays readable for days. */
const PULL = 0.01;

/** A random walk whose recent steps can be asked for again, which is what makes polling possible. */
export class UpdateStream {
  readonly #maxKept: number;
  readonly #random: () => number;
  #kept: Update[] = [];
  #sequence = 0;
  #value: number = START_VALUE;

  /**
   * @param maxKept How many recent updates can be asked for; at least 1.
   * @param random Numbers of at least 0 and below 1.
   */
  constructor(maxKept: number, random: () => number) {
    this.#maxKept = maxKept;
    this.#random = random;
  }

  /**
   * Makes the next update.
   * @param nowMs The server's clock.
   */
  next(nowMs: number): Update {
    this.#sequence += 1;
    this.#value += (this.#random() - 0.5) * 2 * STEP + (START_VALUE - this.#value) * PULL;
    const update: Update = {
      sequence: this.#sequence,
      value: Math.round(this.#value * 100) / 100,
      serverTimeMs: Math.round(nowMs * 100) / 100,
    };
    this.#kept.push(update);
    if (this.#kept.length > this.#maxKept) this.#kept.shift();
    return update;
  }

  /**
   * The updates that came after one, oldest first, as far as they are kept.
   * @param sequence The last one that the asker has. Nothing, or one that is not made yet (it comes from an earlier run of
   * the server), asks for the newest update alone, as a place to start from.
   */
  after(sequence: number | undefined): readonly Update[] {
    if (sequence === undefined || sequence > this.#sequence) return this.#kept.slice(-1);
    return this.#kept.filter((update) => update.sequence > sequence);
  }
}

/**
 * One deadline for a task that goes through several hands.
 */
import type { Deadlines, Timer } from "./platform.js";

/** See the head of this file. Whoever has the task in hand says what is to happen when time is up. */
export class Deadline implements Timer {
  /** Called when time is up. */
  expired: () => void;
  readonly #timer: Timer;

  /** @param delayMs milliseconds from now on */
  constructor(deadlines: Deadlines, delayMs: number, expired: () => void) {
    this.expired = expired;
    this.#timer = deadlines.setTimer(() => this.expired(), delayMs);
  }

  cancel(): void {
    this.#timer.cancel();
  }
}

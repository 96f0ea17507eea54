/**
 * A clock that stands still until it is told to go on.
 */
import type { Clock, Timer } from "#src/transport/index.js";

interface SetTimer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<SetTimer>();

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: SetTimer = { dueAtMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Timers that have been set, and have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets time pass in which nothing happens, as in a process that is stopped. Timers that fell due fire with `advance`. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets time pass; the timers that fall due fire in their order, each at its own moment. */
  advance(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      let next: SetTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueAtMs <= until && (next === undefined || timer.dueAtMs < next.dueAtMs)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueAtMs);
      next.callback();
    }
    this.#nowMs = until;
  }
}

// Ticks at a fixed rate: what a timer is late by is made up for, and what is too late is left out, so that a server that
// has no time gets no further behind by trying to catch up.

/** Time, and a timer. */
export interface TickTimer {
  /** Milliseconds by a clock that does not go backward. */
  now(): number;
  /** @returns What cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** Ticks that are made up for at most, one after the other. */
const CATCH_UP_TICKS = 3;

/** See the head of this file. */
export class TickLoop {
  readonly #tickMs: number;
  readonly #run: () => void;
  readonly #timer: TickTimer;
  #nextAtMs = 0;
  #cancel: (() => void) | undefined;
  /** Ticks that were left out. */
  skipped = 0;

  /** @param run Makes a tick. */
  constructor(tickMs: number, run: () => void, timer: TickTimer) {
    this.#tickMs = tickMs;
    this.#run = run;
    this.#timer = timer;
  }

  get isRunning(): boolean {
    return this.#cancel !== undefined;
  }

  start(): void {
    if (this.isRunning) return;
    this.#nextAtMs = this.#timer.now() + this.#tickMs;
    this.#wait();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    const delayMs = Math.max(0, this.#nextAtMs - this.#timer.now());
    this.#cancel = this.#timer.setTimer(() => this.#due(), delayMs);
  }

  #due(): void {
    const nowMs = this.#timer.now();
    // Timers of a platform count in milliseconds, and may be early by a part of one.
    let due = Math.floor((nowMs - this.#nextAtMs + 1) / this.#tickMs) + 1;
    if (due > CATCH_UP_TICKS) {
      this.skipped += due - CATCH_UP_TICKS;
      this.#nextAtMs += (due - CATCH_UP_TICKS) * this.#tickMs;
      due = CATCH_UP_TICKS;
    }
    for (; due > 0 && this.isRunning; due -= 1) {
      this.#nextAtMs += this.#tickMs;
      this.#run();
    }
    if (this.isRunning) this.#wait();
  }
}

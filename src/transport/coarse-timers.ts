/**
 * Deadlines for many connections, nearly all of which are cancelled: all of them on one timer, which goes by steps.
 */
import type { Clock, Deadlines, Timer } from "./platform.js";

// What setTimeout takes; more than that it takes for 1.
const maxDelayMs = 2 ** 31 - 1;

/** A deadline, in the list of its step. */
class Entry implements Timer {
  readonly #timers: CoarseTimers;
  readonly callback: () => void;
  /** The step that it is due at; undefined when it is not set any more. */
  step: number | undefined;
  before: Entry | undefined;
  after: Entry | undefined;

  constructor(timers: CoarseTimers, callback: () => void, step: number) {
    this.#timers = timers;
    this.callback = callback;
    this.step = step;
  }

  cancel(): void {
    if (this.step !== undefined) this.#timers.remove(this, this.step);
  }
}

/** See the head of this file. */
export class CoarseTimers implements Deadlines {
  readonly #clock: Clock;
  readonly #stepMs: number;
  /** The first entry of each step that has any. */
  readonly #steps = new Map<number, Entry>();
  #timer: Timer | undefined;
  /** The step that the timer is set for. */
  #timerStep = Number.POSITIVE_INFINITY;
  /** The last step that callbacks have been called for. */
  #doneStep = Number.NEGATIVE_INFINITY;

  /** @param stepMs milliseconds by which a deadline may be late */
  constructor(clock: Clock, stepMs: number) {
    this.#clock = clock;
    this.#stepMs = stepMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const wanted = Math.ceil((this.#clock.now() + delayMs) / this.#stepMs);
    // A step that is gone through now has no end as long as callbacks add to it.
    const step = Math.max(wanted, this.#doneStep + 1);
    const entry = new Entry(this, callback, step);
    const first = this.#steps.get(step);
    if (first !== undefined) {
      entry.after = first;
      first.before = entry;
    }
    this.#steps.set(step, entry);
    if (step < this.#timerStep) this.#wait(step);
    return entry;
  }

  /** Takes an entry out of the list of its step. */
  remove(entry: Entry, step: number): void {
    const { before, after } = entry;
    entry.step = undefined;
    entry.before = undefined;
    entry.after = undefined;
    if (after !== undefined) after.before = before;
    if (before !== undefined) before.after = after;
    else if (after !== undefined) this.#steps.set(step, after);
    else this.#steps.delete(step);
    // Where nothing is due any more, nothing must keep the process alive. Otherwise the timer may come in vain.
    if (this.#steps.size === 0) this.#wait(Number.POSITIVE_INFINITY);
  }

  #wait(step: number): void {
    this.#timer?.cancel();
    this.#timerStep = step;
    if (step === Number.POSITIVE_INFINITY) {
      this.#timer = undefined;
      return;
    }
    const delayMs = step * this.#stepMs - this.#clock.now();
    this.#timer = this.#clock.setTimer(() => this.#run(), Math.min(Math.max(0, delayMs), maxDelayMs));
  }

  #run(): void {
    const now = this.#clock.now();
    this.#timer = undefined;
    this.#timerStep = Number.POSITIVE_INFINITY;
    const due = [...this.#steps.keys()].filter((step) => step * this.#stepMs <= now).sort((a, b) => a - b);
    this.#doneStep = due.at(-1) ?? this.#doneStep;
    for (const step of due) {
      // Each is taken out before it is called, and may cancel others, or set new ones.
      for (let entry = this.#steps.get(step); entry !== undefined; entry = this.#steps.get(step)) {
        this.remove(entry, step);
        entry.callback();
      }
    }
    let next = Number.POSITIVE_INFINITY;
    for (const step of this.#steps.keys()) next = Math.min(next, step);
    if (next < this.#timerStep) this.#wait(next);
  }
}

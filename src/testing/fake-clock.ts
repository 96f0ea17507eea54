/**
 * Time that passes when it is told to.
 *
 * Between two timers everything that follows from the first is done: its promise continuations, however many follow
 * from each other, and what the sockets have to send at the end of the turn. That is known for certain, and not by
 * waiting a little: in between lies a turn of Node's event loop, which begins when no continuation is left. So a run is
 * the same each time, whatever else the machine does.
 */
// By import, and not the global one, which test runners put a fake in the place of.
import { setImmediate as inNextTurn } from "node:timers";
import type { Clock, Flushable, Timer, TurnScheduler } from "../transport/index.js";

interface SetTimer {
  readonly dueAtMs: number;
  /** Timers due at the same moment fire in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
}

/** How a clock behaves. */
export interface FakeClockOptions {
  /** What `now()` says at first, in milliseconds. Default 0. */
  readonly startMs?: number;
  /**
   * How many milliseconds late a timer of `delayMs` fires, asked for each timer. Real ones are late by different times,
   * so that those set for nearly the same moment fire in any order. Default: none is late.
   */
  readonly lateByMs?: (delayMs: number) => number;
}

/** See the head of this file. A timer that is due at once fires by itself, in a turn of its own. */
export class FakeClock implements Clock, TurnScheduler {
  #nowMs: number;
  readonly #lateByMs: (delayMs: number) => number;
  /** In the order in which they fire. */
  readonly #timers: SetTimer[] = [];
  #nextOrder = 0;
  #flushables: Flushable[] = [];
  readonly #held = new Set<Promise<unknown>>();
  /** The end of the last call that makes time pass. */
  #lastRun: Promise<unknown> = Promise.resolve();
  #runs = 0;
  #isAwake = false;

  constructor(options: FakeClockOptions = {}) {
    this.#nowMs = options.startMs ?? 0;
    this.#lateByMs = options.lateByMs ?? (() => 0);
  }

  /** Milliseconds since some fixed moment. */
  now(): number {
    return this.#nowMs;
  }

  /** Timers that have been set, and have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Calls `callback` once, when `delayMs` milliseconds have passed. */
  setTimer(callback: () => void, delayMs: number): Timer {
    return this.setExactTimer(callback, Math.max(0, delayMs) + this.#lateByMs(delayMs));
  }

  /** As `setTimer`, but never late: for what is no timer of a program's, such as octets on their way. */
  setExactTimer(callback: () => void, delayMs: number): Timer {
    const dueAtMs = this.#nowMs + Math.max(0, delayMs);
    const timer: SetTimer = { dueAtMs, order: this.#nextOrder++, callback };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    if (dueAtMs <= this.#nowMs) this.#wake();
    return {
      cancel: () => {
        const place = this.#placeOf(timer);
        if (this.#timers[place] === timer) this.#timers.splice(place, 1);
      },
    };
  }

  /** A promise that is resolved when `delayMs` milliseconds have passed. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(resolve, delayMs);
    });
  }

  /** Calls `flushable.flush` when everything that follows from what is running now has been done. */
  schedule(flushable: Flushable): void {
    this.#flushables.push(flushable);
    this.#wake();
  }

  /**
   * Time stands still until `promise` has settled: for work that goes on outside of it, such as another thread's. What
   * comes of it must not depend on how long it takes.
   */
  hold(promise: Promise<unknown>): void {
    const settled = promise.then(
      () => undefined,
      () => undefined,
    );
    this.#held.add(settled);
    void settled.then(() => this.#held.delete(settled));
  }

  /**
   * Lets time pass. The timers that fall due fire in their order, each at its own moment.
   *
   * @param ms milliseconds, from 0
   * @returns when it has, and everything that follows is done
   */
  async advance(ms: number): Promise<void> {
    await this.#run(undefined, ms);
  }

  /** Everything that follows from what has happened so far, without any time passing. */
  async settle(): Promise<void> {
    await this.#run(undefined, 0);
  }

  /**
   * Lets time pass until something holds, which is asked for between any two timers.
   *
   * @param maxMs milliseconds to let pass at most. Default 60,000
   * @returns whether it holds; false, too, when no timer is left that could change it
   */
  runUntil(isMet: () => boolean, maxMs: number = 60_000): Promise<boolean> {
    return this.#run(isMet, maxMs);
  }

  /** One call after the other, since there is one time. */
  #run(isMet: (() => boolean) | undefined, ms: number): Promise<boolean> {
    this.#runs++;
    const run = this.#lastRun
      .then(() => this.#runNow(isMet, this.#nowMs + ms))
      .finally(() => {
        this.#runs--;
        if (this.#hasWorkNow) this.#wake();
      });
    // Whoever called hears of an error; those who wait for their turn have nothing to do with it.
    this.#lastRun = run.catch(() => undefined);
    return run;
  }

  async #runNow(isMet: (() => boolean) | undefined, untilMs: number): Promise<boolean> {
    for (;;) {
      await this.#quiet();
      if (isMet?.() === true) return true;
      const next = this.#timers[0];
      // Who waits for something would wait in vain, however long.
      if (next === undefined && isMet !== undefined) return false;
      if (next === undefined || next.dueAtMs > untilMs) break;
      this.#fire(next);
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return false;
  }

  /** Waits until nothing follows any more from what has happened. */
  async #quiet(): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        inNextTurn(resolve);
      });
      if (this.#held.size > 0) await Promise.all(this.#held);
    } while (this.#flush() || this.#held.size > 0);
  }

  #fire(timer: SetTimer): void {
    this.#timers.shift();
    this.#nowMs = Math.max(this.#nowMs, timer.dueAtMs);
    timer.callback();
  }

  /** @returns whether there was anything */
  #flush(): boolean {
    const flushables = this.#flushables;
    if (flushables.length === 0) return false;
    this.#flushables = [];
    for (const flushable of flushables) flushable.flush();
    return true;
  }

  get #hasWorkNow(): boolean {
    const next = this.#timers[0];
    return this.#flushables.length > 0 || (next !== undefined && next.dueAtMs <= this.#nowMs);
  }

  /** While nobody makes time pass, what is due now is done by itself, one thing in a turn. */
  #wake(): void {
    if (this.#isAwake || this.#runs > 0) return;
    this.#isAwake = true;
    inNextTurn(() => {
      this.#isAwake = false;
      if (this.#runs > 0) return;
      const next = this.#timers[0];
      if (!this.#flush() && next !== undefined && next.dueAtMs <= this.#nowMs) this.#fire(next);
      if (this.#hasWorkNow) this.#wake();
    });
  }

  /** Where a timer is, or belongs. */
  #placeOf({ dueAtMs, order }: SetTimer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (other === undefined) break;
      if (other.dueAtMs < dueAtMs || (other.dueAtMs === dueAtMs && other.order < order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

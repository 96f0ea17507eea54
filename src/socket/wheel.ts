/**
 * One timer for everything that has to be looked at from time to time: a wheel of slots, one for each of the next
 * steps, with a list of entries in each. An entry has no timer of its own, and no step costs more than the entries that
 * are due in it.
 *
 * Time is counted in steps that this process was awake for. One that was stopped, or busy, for many steps has gone on by
 * one: nobody is late for what we did not hear ourselves.
 */
import type { Platform, Timer } from "../transport/index.js";

/** What `look` returns when there is nothing to look at any more. */
export const notDue: number = 0x3fffffff;
/** What `look` returns to be called again when everything that has come by now was read. */
export const awaitsReading: number = -1;

// A power of two. What is due later waits in the last slot, is looked up there, and waits on.
const slotCount = 64;
// Late by so many steps, a timer says that the process slept. The shortest deadline is eight steps.
const sleepSteps = 8;
// Fractions of this, counted up, lie as far from each other as they can, however many there are.
const goldenRatio = 0.618_033_988_749_894_8;

/** What is looked at. */
export abstract class WheelEntry {
  before: WheelEntry | undefined;
  after: WheelEntry | undefined;
  /** Where it waits; -1 where it does not. */
  slot = -1;
  /** The step it is due at; `notDue` where it does not wait. */
  dueStep: number = notDue;
  /** Whether it is never to be looked at again. */
  isGone = false;

  /**
   * Looks whether something is due. Must not throw.
   *
   * @param hasRead whether everything has been read that had come when it was due
   * @returns the step to look again at, `awaitsReading`, or `notDue`
   */
  abstract look(hasRead: boolean): number;
}

/** What a wheel needs. */
export type WheelPlatform = Pick<Platform, "clock" | "afterReading">;

/** See the head of this file. */
export class Wheel {
  /** Steps so far. */
  step = 0;
  /** The step in which this process last found that it had slept. */
  wokeStep = -1;
  readonly stepMs: number;
  readonly #platform: WheelPlatform;
  readonly #slots: (WheelEntry | undefined)[] = new Array<WheelEntry | undefined>(slotCount).fill(undefined);
  #size = 0;
  #timer: Timer | undefined;
  #dueAtMs = 0;
  #fractions = 0;
  #missedMs = 0;

  /** @param stepMs milliseconds of a step, by which everything may be late */
  constructor(platform: WheelPlatform, stepMs: number) {
    this.#platform = platform;
    this.stepMs = stepMs;
  }

  /** Steps that make up so many milliseconds, at least 1. */
  steps(ms: number): number {
    return Math.max(1, Math.round(ms / this.stepMs));
  }

  /** Milliseconds, so far, in which this process was stopped or busy for a step or more at a time. */
  missedMsAt(nowMs: number): number {
    // Who reads before the timer comes has slept all the same.
    return this.#missedMs + (this.#timer === undefined ? 0 : this.#missedOf(nowMs - this.#dueAtMs));
  }

  #missedOf(lateMs: number): number {
    return lateMs < this.stepMs ? 0 : lateMs;
  }

  /** A number from 0 to 1 that no other entry gets, for those who must not all be due at once. */
  nextFraction(): number {
    return (++this.#fractions * goldenRatio) % 1;
  }

  /** Sees to it that an entry is looked at in `step`, or earlier. */
  lookBy(entry: WheelEntry, step: number): void {
    if (entry.isGone || entry.dueStep <= step) return;
    this.#remove(entry);
    this.#place(entry, step);
    this.#wait();
  }

  /** Never looks at an entry again. */
  leave(entry: WheelEntry): void {
    entry.isGone = true;
    this.#remove(entry);
    this.#wait();
  }

  #place(entry: WheelEntry, dueStep: number): void {
    const step = Math.max(dueStep, this.step + 1);
    const slot = Math.min(step, this.step + slotCount - 1) & (slotCount - 1);
    const first = this.#slots[slot];
    entry.dueStep = step;
    entry.slot = slot;
    entry.after = first;
    if (first !== undefined) first.before = entry;
    this.#slots[slot] = entry;
    this.#size++;
  }

  #remove(entry: WheelEntry): void {
    const { before, after, slot } = entry;
    if (slot === -1) return;
    if (before !== undefined) before.after = after;
    else this.#slots[slot] = after;
    if (after !== undefined) after.before = before;
    entry.before = undefined;
    entry.after = undefined;
    entry.slot = -1;
    entry.dueStep = notDue;
    this.#size--;
  }

  /** Sets the timer, where there is something to wait for, and none where there is not. */
  #wait(afterMs: number = this.stepMs): void {
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else if (this.#timer === undefined) {
      this.#dueAtMs = this.#platform.clock.now() + afterMs;
      this.#timer = this.#platform.clock.setTimer(() => this.#tick(), afterMs);
    }
  }

  #tick(): void {
    this.#timer = undefined;
    const lateMs = this.#platform.clock.now() - this.#dueAtMs;
    this.step++;
    this.#missedMs += this.#missedOf(lateMs);
    if (lateMs >= sleepSteps * this.stepMs) this.#wakeUp();
    const overdue = this.#lookAtDue();
    if (overdue !== undefined) this.#platform.afterReading(() => this.#judge(overdue));
    // Lateness does not add up; but what was slept through is not made up for.
    this.#wait(lateMs < this.stepMs ? this.stepMs - lateMs : this.stepMs);
  }

  /** Looks at everything soon, but not at once: who was cut off meanwhile is to be found out. */
  #wakeUp(): void {
    this.wokeStep = this.step;
    const entries: WheelEntry[] = [];
    for (const first of this.#slots)
      for (let entry = first; entry !== undefined; entry = entry.after) entries.push(entry);
    for (const entry of entries) {
      const step = this.step + 1 + Math.floor(this.nextFraction() * sleepSteps);
      if (entry.dueStep <= step) continue;
      this.#remove(entry);
      this.#place(entry, step);
    }
  }

  #lookAtDue(): WheelEntry[] | undefined {
    let overdue: WheelEntry[] | undefined;
    const slot = this.step & (slotCount - 1);
    // Each is taken out before it is looked at. None comes back into this slot: it is the last one to be filled again.
    for (let entry = this.#slots[slot]; entry !== undefined; entry = this.#slots[slot]) {
      const { dueStep } = entry;
      this.#remove(entry);
      const next = dueStep > this.step ? dueStep : entry.look(false);
      if (next === awaitsReading) (overdue ??= []).push(entry);
      else this.#placeNext(entry, next);
    }
    return overdue;
  }

  #judge(overdue: readonly WheelEntry[]): void {
    for (const entry of overdue) {
      if (entry.isGone) continue;
      const next = entry.look(true);
      this.#remove(entry);
      this.#placeNext(entry, next);
    }
    this.#wait();
  }

  #placeNext(entry: WheelEntry, next: number): void {
    if (next === notDue || entry.isGone) return;
    // Looking at it may have brought it back already.
    const dueStep = Math.min(next, entry.dueStep);
    this.#remove(entry);
    this.#place(entry, dueStep);
  }
}

const wheels = new WeakMap<WheelPlatform, Map<number, Wheel>>();

/** The wheel of this step, one for all servers and clients on a platform. */
export function wheelOf(platform: WheelPlatform, stepMs: number): Wheel {
  let ofPlatform = wheels.get(platform);
  if (ofPlatform === undefined) wheels.set(platform, (ofPlatform = new Map<number, Wheel>()));
  let wheel = ofPlatform.get(stepMs);
  if (wheel === undefined) ofPlatform.set(stepMs, (wheel = new Wheel(platform, stepMs)));
  return wheel;
}

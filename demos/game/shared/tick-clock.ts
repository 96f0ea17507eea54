// The server's ticks by this page's clock, and how far in the past others are shown: far enough that what comes late is
// there in time, and no further.
import { TICK_MS } from "./world.js";

/** Arrivals that are remembered: four seconds. */
const ARRIVALS = 80;
/** Behind the newest tick by so much at least: two ticks, between which something can be shown. */
const DELAY_MIN_MS = 2 * TICK_MS;
const DELAY_MAX_MS = 1_000;
/** What comes later than so many percent of all is not waited for. */
const PERCENT = 96;
/** How much faster or slower time goes at most, while the delay changes. */
const BEND = 0.12;

/** See the head of this file. */
export class TickClock {
  /** When tick 0 would have come, by each arrival. */
  readonly #zeros: number[] = [];
  #delayMs = DELAY_MIN_MS;
  #shownAtMs: number | undefined;
  #zeroMs: number | undefined;

  /** A tick has come. */
  add(tick: number, nowMs: number): void {
    this.#zeros.push(nowMs - tick * TICK_MS);
    if (this.#zeros.length > ARRIVALS) this.#zeros.shift();
  }

  /** Ticks begin anew: another server, or this one after a long time. */
  restart(): void {
    this.#zeros.length = 0;
    this.#zeroMs = undefined;
  }

  /** How far behind the newest others are shown, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** How much later than the quickest what is late has come, in milliseconds. */
  get jitterMs(): number {
    const sorted = [...this.#zeros].sort((a, b) => a - b);
    const late = sorted[Math.ceil((PERCENT / 100) * sorted.length) - 1] ?? 0;
    return late - (sorted[0] ?? 0);
  }

  /**
   * The tick to show now, with its fraction; undefined before the first has come. It never goes back, unless ticks begin
   * anew.
   */
  shownTick(nowMs: number): number | undefined {
    if (this.#zeros.length === 0) return undefined;
    const elapsedMs = nowMs - (this.#shownAtMs ?? nowMs);
    this.#shownAtMs = nowMs;
    const wantedDelayMs = Math.min(DELAY_MAX_MS, DELAY_MIN_MS + this.jitterMs);
    const bend = (from: number, to: number): number => {
      const most = elapsedMs * BEND;
      return from + Math.max(-most, Math.min(most, to - from));
    };
    const quickest = Math.min(...this.#zeros);
    // A clock that is off by seconds is set; one that is off by little is bent.
    const isFarOff = this.#zeroMs === undefined || Math.abs(quickest - this.#zeroMs) > DELAY_MAX_MS;
    if (isFarOff) this.#delayMs = wantedDelayMs;
    else this.#delayMs = bend(this.#delayMs, wantedDelayMs);
    this.#zeroMs = isFarOff ? quickest : bend(this.#zeroMs ?? quickest, quickest);
    return (nowMs - this.#zeroMs - this.#delayMs) / TICK_MS;
  }
}

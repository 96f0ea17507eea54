/**
 * What happened in a run, and what was wrong about it.
 */
import type { Clock } from "#src/transport/index.js";

// As much as somebody reads to find out about a failure.
const maxTraceLines = 20_000;

export class SimulationLog {
  readonly trace: string[] = [];
  /** What must not be, each with the moment at which it was seen. */
  readonly violations: string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(who: string, what: string): void {
    if (this.trace.length < maxTraceLines) this.trace.push(`${this.#clock.now().toFixed(2)} ${who}: ${what}`);
  }

  violation(who: string, what: string): void {
    this.note(who, `VIOLATION: ${what}`);
    // The first few tell what there is to tell.
    if (this.violations.length < 20) this.violations.push(`at ${this.#clock.now().toFixed(2)} ms, ${who}: ${what}`);
  }
}

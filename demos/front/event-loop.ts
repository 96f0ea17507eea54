// By how much the event loop is late.
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 10;

/** Looks at the event loop until it is stopped. */
export class EventLoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** The most that it was late since this was asked the last time, in milliseconds: a timer's lateness, not its time. */
  takeDelayMs(): number {
    const { max } = this.#histogram;
    this.#histogram.reset();
    return Math.max(0, Math.round(max / 10_000) / 100 - RESOLUTION_MS);
  }

  stop(): void {
    this.#histogram.disable();
  }
}

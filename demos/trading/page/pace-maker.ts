// Drawing no more often than eyes can follow.

/** Does something in a frame after it was asked for, and not again within an interval. */
export class PaceMaker {
  readonly #intervalMs: number;
  readonly #run: () => void;
  #isAsked = false;
  #ranAtMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number, run: () => void) {
    this.#intervalMs = intervalMs;
    this.#run = run;
  }

  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const waitMs = this.#ranAtMs + this.#intervalMs - performance.now();
    if (waitMs > 0) setTimeout(() => this.#inFrame(), waitMs);
    else this.#inFrame();
  }

  #inFrame(): void {
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#ranAtMs = performance.now();
      this.#run();
    });
  }
}

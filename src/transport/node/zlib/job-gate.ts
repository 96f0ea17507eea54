/**
 * How many jobs of ours are on Node's thread pool at a time. The pool is everybody's: file access and name look-ups wait
 * for it as well.
 */
export class JobGate {
  readonly #maxJobs: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param maxJobs at least 1 */
  constructor(maxJobs: number) {
    this.#maxJobs = maxJobs;
  }

  /** Jobs under way. */
  get running(): number {
    return this.#running;
  }

  /** Jobs that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs a job as soon as there is room, in the order of the calls. */
  async run<Result>(job: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#maxJobs) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await job();
    } finally {
      // Whoever is next takes over the place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

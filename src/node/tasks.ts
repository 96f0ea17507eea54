/**
 * "Queue a task" (HTML §8.1.7.2), as Node does it best.
 */

const settled = Promise.resolve();

/**
 * A queue of tasks. Between two of them all promise continuations have run, as between two tasks of a browser's event
 * loop; a turn of Node's own event loop for each would cost more than most tasks.
 */
export class TaskQueue {
  readonly #tasks: (() => void)[] = [];
  readonly #runNext = (): void => {
    const task = this.#tasks.shift();
    // First of all, since a task may throw.
    if (this.#tasks.length > 0) this.#schedule();
    task?.();
  };
  // A tick runs after all microtasks; one that is asked for by a tick would run before them.
  readonly #afterMicrotasks = (): void => process.nextTick(this.#runNext);

  readonly queue = (task: () => void): void => {
    this.#tasks.push(task);
    if (this.#tasks.length === 1) this.#schedule();
  };

  #schedule(): void {
    void settled.then(this.#afterMicrotasks);
  }
}

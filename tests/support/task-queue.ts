/**
 * What the passing of time is to an in-memory pair: each task runs in a turn of its own.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

export class TaskQueue {
  #pending = 0;

  /** For `createMemoryPair`. */
  readonly defer = (task: () => void): void => {
    this.#pending++;
    setImmediate(() => {
      this.#pending--;
      task();
    });
  };

  /** Resolves when nothing is under way any more: every task has run, and so has all that followed from it at once. */
  async idle(): Promise<void> {
    // The end of a turn may put tasks into the queue; another turn shows whether it did.
    for (let quietTurns = 0; quietTurns < 3; ) {
      await nextTurn();
      quietTurns = this.#pending === 0 ? quietTurns + 1 : 0;
    }
  }
}

/** Lets `count` turns of the event loop pass, in each of which Node looks at its sockets. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

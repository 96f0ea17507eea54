/**
 * Requests whose order holds, even where some have to be sent again: they are sent without waiting in between, and when
 * one has not been done, all that were not are sent again in the order of their calls, before what came later.
 */
import type { Turn } from "./turns.js";

interface Waiting {
  readonly number: number;
  readonly send: (turn: Turn) => Promise<void>;
  readonly reject: (error: unknown) => void;
  /** Why it has to be sent again. */
  error?: unknown;
}

/** See the head of this file. */
export class Lane {
  readonly #retry: (error: unknown) => Promise<boolean>;
  readonly #left: () => void;
  readonly #nextNumber: () => number;
  #onTheirWay = 0;
  /** The number of what was sent last. */
  #last = 0;
  #again: Waiting[] = [];

  /**
   * @param retry waits until sending again makes sense; false: it makes none. It is told why the first one has to be
   * @param left called when nothing is on its way any more
   * @param nextNumber higher each time, from 1 on, over all lanes of one name
   */
  constructor(retry: (error: unknown) => Promise<boolean>, left: () => void, nextNumber: () => number) {
    this.#retry = retry;
    this.#left = left;
    this.#nextNumber = nextNumber;
  }

  /** @param isDone whether what an error says leaves no sense in sending it again */
  run<Result>(send: (turn: Turn) => Promise<Result>, isDone: (error: unknown) => boolean): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        number: this.#nextNumber(),
        send: async (turn) => {
          try {
            resolve(await send(turn));
          } catch (error) {
            if (!isDone(error)) throw error;
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is what was thrown
            reject(error);
          }
        },
        reject,
      };
      if (this.#again.length > 0) this.#again.push(waiting);
      else this.#send(waiting);
    });
  }

  #send(waiting: Waiting): void {
    const turn = { number: waiting.number, after: this.#onTheirWay > 0 ? this.#last : 0 };
    this.#last = waiting.number;
    this.#onTheirWay++;
    void waiting
      .send(turn)
      .catch((error: unknown) => {
        waiting.error = error;
        this.#again.push(waiting);
      })
      .then(() => {
        this.#onTheirWay--;
        if (this.#onTheirWay > 0) return;
        if (this.#again.length > 0) void this.#sendAgain();
        else this.#left();
      });
  }

  async #sendAgain(): Promise<void> {
    // What is refused before it is written fails before what was on its way when the connection broke.
    this.#again.sort((one, other) => one.number - other.number);
    const [first] = this.#again;
    const makesSense = await this.#retry(first?.error);
    const again = this.#again;
    this.#again = [];
    for (const waiting of again) {
      if (makesSense) this.#send(waiting);
      else waiting.reject(waiting.error ?? first?.error);
    }
    if (!makesSense) this.#left();
  }
}

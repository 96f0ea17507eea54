/**
 * Requests whose order holds, even where some have to be sent again: they are sent without waiting in between, and when
 * one has not been done, all that were not are sent again in their order, before what came later.
 */

interface Waiting {
  readonly send: () => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/** See the head of this file. */
export class Lane {
  readonly #retry: (error: unknown) => Promise<boolean>;
  readonly #left: () => void;
  #onTheirWay = 0;
  #again: Waiting[] = [];
  #error: unknown;

  /**
   * @param retry waits until sending again makes sense; false: it makes none
   * @param left called when nothing is on its way any more
   */
  constructor(retry: (error: unknown) => Promise<boolean>, left: () => void) {
    this.#retry = retry;
    this.#left = left;
  }

  /** @param isDone whether what an error says leaves no sense in sending it again */
  run<Result>(send: () => Promise<Result>, isDone: (error: unknown) => boolean): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        send: async () => {
          try {
            resolve(await send());
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
    this.#onTheirWay++;
    void waiting
      .send()
      .catch((error: unknown) => {
        this.#error = error;
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
    const error = this.#error;
    const makesSense = await this.#retry(error);
    const again = this.#again;
    this.#again = [];
    for (const waiting of again) {
      if (makesSense) this.#send(waiting);
      else waiting.reject(error);
    }
    if (!makesSense) this.#left();
  }
}

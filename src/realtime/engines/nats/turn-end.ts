/**
 * What is sent in one turn of the event loop leaves at its end, in one write: a system call costs more than a message.
 */

/** What else there is of a message that is sent. */
export interface SendOptions {
  /** The subject that answers are sent to. */
  readonly reply?: string | undefined;
  /** Called when it is on its way. */
  readonly left?: () => void;
}

/** See the head of this file. Keeps the order. */
export class TurnEnd {
  #sends: (() => void)[] = [];

  /** Sends at the end of the turn. @returns what `send` does, also what it throws */
  run<Answer>(send: () => Promise<Answer> | Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#sends.push(() => {
        try {
          resolve(send());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      if (this.#sends.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Sends now what waits for the end of the turn. */
  flush(): void {
    const sends = this.#sends;
    this.#sends = [];
    for (const send of sends) send();
  }
}

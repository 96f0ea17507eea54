/**
 * Values that arrive when they like, taken one by one when the test likes.
 *
 * @template Value
 */
export class Inbox {
  /** @type {Value[]} */
  #values = [];
  /** @type {{ resolve: (value: Value) => void, reject: (error: Error) => void }[]} */
  #takers = [];
  /** @type {Error | undefined} */
  #end;

  /** @param {Value} value */
  push(value) {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker.resolve(value);
  }

  /**
   * Nothing more will come: whoever waits, or asks later, learns why.
   *
   * @param {Error} error
   */
  end(error) {
    this.#end = error;
    for (const taker of this.#takers.splice(0)) taker.reject(error);
  }

  /** @returns {Promise<Value>} the next value, rejected when there will be none */
  next() {
    if (this.#values.length > 0) return Promise.resolve(/** @type {Value} */ (this.#values.shift()));
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
  }
}

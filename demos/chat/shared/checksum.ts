// A checksum of messages in their order, which page and server make each for themselves. It finds what was lost, doubled or
// changed by accident; it is no proof against somebody who means harm. (`crypto.subtle` is not there on a page without TLS.)

/** What is added up of a message. */
export interface Summed {
  readonly position: string;
  readonly previous: string;
  readonly user: string | undefined;
  readonly key: string | undefined;
  readonly text: string;
}

/** Two sums of 32 bits, with different multipliers. */
export class Checksum {
  #a = 0x9e3779b9;
  #b = 0x7f4a7c15;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds the next message. */
  add({ position, previous, user = "", key = "", text }: Summed): void {
    const line = JSON.stringify([position, previous, user, key, text]);
    let a = this.#a;
    let b = this.#b;
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 13);
    }
    this.#a = a;
    this.#b = b;
    this.#count++;
  }

  toString(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

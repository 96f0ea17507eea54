/**
 * Numbers and texts as Yjs's protocols write them: numbers in groups of seven bits, the lowest first, texts as UTF-8 behind
 * their length.
 */

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** Reads from the beginning. */
export class OctetReader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#octets.length;
  }

  /** @throws RangeError behind the end, and for a number beyond what is exact */
  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const octet = this.#octets[this.#at++];
      if (octet === undefined) throw new RangeError("ends in a number");
      value += (octet & 127) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError("a number that is too large");
      if (octet < 128) return value;
    }
  }

  /** @throws RangeError behind the end; TypeError for what is no text */
  text(): string {
    const length = this.number();
    if (this.#at + length > this.#octets.length) throw new RangeError("ends in a text");
    const text = decoder.decode(this.#octets.subarray(this.#at, this.#at + length));
    this.#at += length;
    return text;
  }
}

/** Writes to the end. */
export class OctetWriter {
  readonly #octets: number[] = [];

  number(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#octets.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.#octets.push(rest);
  }

  text(text: string): void {
    const octets = encoder.encode(text);
    this.number(octets.length);
    for (const octet of octets) this.#octets.push(octet);
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#octets);
  }
}

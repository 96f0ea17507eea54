/**
 * What is fuzzed.
 */
import type { SeededRandom } from "#src/testing/index.js";

/** A piece of the library that takes octets from a peer, with what has to hold whatever they are. */
export interface FuzzTarget {
  readonly name: string;
  /** Octets of the longest input. */
  readonly maxInputBytes: number;
  /** Makes an input that is right, or nearly. */
  generate(random: SeededRandom): Uint8Array;
  /** Throws, or rejects, where something does not hold. */
  run(input: Uint8Array): void | Promise<void>;
}

/** Reads choices out of an input, so that a few octets decide about everything that happens. */
export class InputReader {
  readonly #input: Uint8Array;
  #position = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#input.byteLength;
  }

  /** The next octet; 0 behind the end. */
  octet(): number {
    return this.#input[this.#position++] ?? 0;
  }

  /** A whole number from 0 to `max`, which is at most 65,535. */
  upTo(max: number): number {
    const drawn = max < 256 ? this.octet() : this.octet() * 256 + this.octet();
    return drawn % (max + 1);
  }

  /** One of several things. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.upTo(items.length - 1)] ?? items[0];
  }

  /** The next octets, as many as there are. */
  octets(count: number): Uint8Array {
    const octets = this.#input.slice(this.#position, this.#position + count);
    this.#position += count;
    return octets;
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.octets(this.#input.byteLength);
  }
}

/** Pieces of octets in a row, cut at places that a seed decides; 0 leaves them whole. */
export function cutInto(octets: Uint8Array, seed: number): Uint8Array[] {
  if (seed === 0) return [octets.slice()];
  const pieces: Uint8Array[] = [];
  let state = seed;
  for (let start = 0; start < octets.byteLength; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const length = 1 + ((state >>> 16) % (seed % 2 === 0 ? 3 : 64));
    pieces.push(octets.slice(start, start + length));
    start += length;
  }
  return pieces;
}

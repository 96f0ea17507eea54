/**
 * What a message may refer to before its beginning, as zlib is told: as a dictionary; or, on runtimes whose zlib heeds none
 * with raw deflate data (Deno), in a block of its own in front of the message, whose octets are dropped as they come out.
 */
import { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync } from "node:zlib";

let areHeeded: boolean | undefined;

/** Whether zlib heeds dictionaries with raw deflate data. Tried once. */
export function heedsDictionaries(): boolean {
  return (areHeeded ??= tryDictionary());
}

function tryDictionary(): boolean {
  // No part of it is there twice, so that it becomes shorter by the dictionary alone.
  const octets = Uint8Array.from({ length: 200 }, (_, index) => (index * 151) & 0xff);
  try {
    const deflated = deflateRawSync(octets, { dictionary: octets });
    return (
      deflated.byteLength < octets.byteLength / 2 &&
      Buffer.compare(inflateRawSync(deflated, { dictionary: octets }), octets) === 0
    );
  } catch {
    return false;
  }
}

/**
 * Octets as a block of deflate data that stands for themselves. RFC 1951 §3.2.4: "LEN is the number of data bytes in the
 * block. NLEN is the one's complement of LEN."
 *
 * @param octets 32,768 at most
 */
export function storedBlock(octets: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(octets.byteLength, 1);
  head.writeUInt16LE(octets.byteLength ^ 0xffff, 3);
  return Buffer.concat([head, octets]);
}

/** One zlib stream's history: what it is opened with, what is written before the message, and how much to drop. */
export class Earlier {
  /** Options for the stream. */
  readonly options: { readonly dictionary?: Uint8Array };
  /** Octets of output that are still to be dropped. */
  #excess: number;
  #block: Uint8Array | undefined;

  /** @param heeded whether dictionaries are heeded */
  constructor(octets: Uint8Array | undefined, heeded: boolean) {
    const dictionary = octets?.byteLength === 0 ? undefined : octets;
    this.options = dictionary !== undefined && heeded ? { dictionary } : {};
    this.#block = dictionary === undefined || heeded ? undefined : storedBlock(dictionary);
    this.#excess = this.#block === undefined ? 0 : (dictionary?.byteLength ?? 0);
  }

  /** Octets that come out and are not the message's. */
  get excess(): number {
    return this.#excess;
  }

  /** What to write in their place, the first time. */
  before(octets: Uint8Array): Uint8Array {
    const block = this.#block;
    this.#block = undefined;
    return block === undefined ? octets : Buffer.concat([block, octets]);
  }

  /** What is the message's of the next octets that have come out. */
  own(octets: Uint8Array): Uint8Array {
    if (this.#excess === 0) return octets;
    const dropped = Math.min(this.#excess, octets.byteLength);
    this.#excess -= dropped;
    return octets.subarray(dropped);
  }
}

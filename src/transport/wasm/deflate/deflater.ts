/**
 * Deflate (RFC 1951) for short messages, at the price of zlib's fastest levels or less, by two loops in WebAssembly
 * (deflate.wat) and the choice of codes in between.
 *
 * - It keeps nothing: what comes out is a function of what goes in. The table of places is not cleared between two
 *   messages, but what it says of an earlier one is further away than any window reaches; and codes are made for each
 *   message alone, since those of another would tell how often that has which octets.
 * - A message is one block, with codes of its own, or those of §3.2.6, or none, whichever is shortest.
 * - Octets are compared before they are referred to, within the history and the message alone.
 * - The time is proportional to the length: two places are looked at for each position.
 */
import type { OctetRange } from "../../../protocol/extensions/index.js";
import { writeBlockHeader } from "../../../protocol/extensions/index.js";
import type { WebAssemblyApi } from "../kernel.js";
import { octetsOf } from "../kernel.js";
import { BlockHeader } from "./block-header.js";
import { deflateHex } from "./deflate-bytes.js";
import {
  addresses,
  distanceExtraBitsOf,
  distanceSymbols,
  literalExtraBits,
  literalSymbols,
  maxHistoryBytes,
  maxMessageBytes,
  memoryPages,
  writeSymbols,
} from "./layout.js";
import { codesOfLengths, PrefixCode } from "./prefix-code.js";

/** What deflate.wat exports. */
interface DeflateExports {
  readonly match: (from: number, end: number, windowBytes: number, base: number, shift: number) => number;
  readonly write: (referencesEnd: number, to: number, waitingBits: number, waitingCount: number) => number;
}

// A literal of 12 bits and a distance of 10 with its 13 fit into 64 bits with everything around them.
const maxLiteralBits = 12;
const maxDistanceBits = 10;

// What is above an address in the table: large enough that the places of two messages are never within a window.
const baseStep = 0x4_0000;
const lastBase = 0x7ff0_0000;

// Rows of the table, of eight octets each: 4096 for what is short, since more would fall out of the processor's first
// cache, and 16,384.
const fewRowsShift = 20;
const manyRowsShift = 18;
const manyRowsFromBytes = 12 * 1024;

const maxStoredBytes = 65_535;
const storedHeaderBytes = 5;

/** §3.2.6: 8 bits up to 143, 9 up to 255, 7 up to 279, and 8. */
const fixedLiteralLengths = Uint8Array.from({ length: literalSymbols + 2 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
const fixedDistanceBits = 5;
const fixedLiteralCodes = codesOfLengths(fixedLiteralLengths, literalExtraBits).subarray(0, literalSymbols);
const fixedDistanceCodes = codesOfLengths(new Uint8Array(distanceSymbols).fill(fixedDistanceBits), distanceExtraBitsOf);

/** See the head of this file. */
export class WasmDeflater {
  readonly #exports: DeflateExports;
  readonly #memory: Uint8Array;
  readonly #output: Uint8Array;
  readonly #literals: PrefixCode;
  readonly #distances: PrefixCode;
  readonly #header: BlockHeader;
  #base = 0;

  /** @param exports the functions of a module that works on `buffer` */
  constructor(buffer: ArrayBuffer, exports: DeflateExports) {
    this.#exports = exports;
    this.#memory = new Uint8Array(buffer);
    this.#output = new Uint8Array(buffer, addresses.output);
    this.#literals = new PrefixCode(
      new Int32Array(buffer, addresses.literalCounts, literalSymbols),
      new Int32Array(buffer, addresses.literalCodes, literalSymbols),
      literalExtraBits,
      maxLiteralBits,
    );
    this.#distances = new PrefixCode(
      new Int32Array(buffer, addresses.distanceCounts, distanceSymbols),
      new Int32Array(buffer, addresses.distanceCodes, distanceSymbols),
      distanceExtraBitsOf,
      maxDistanceBits,
    );
    this.#header = new BlockHeader(this.#output);
    writeSymbols(buffer);
  }

  /**
   * As `Compressor.deflate`.
   *
   * @param windowBits from 8 to 15
   * @throws RangeError for octets that are not there, and for more than `maxMessageBytes`
   */
  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    windowBits: number,
  ): OctetRange {
    const length = end - start;
    if (!(start >= 0 && length >= 0 && end <= bytes.length && length <= maxMessageBytes)) {
      throw new RangeError(`${length} octets from ${start} on are not all there, or more than ${maxMessageBytes}`);
    }
    const from = this.#enterHistory(history, 2 ** windowBits);
    this.#memory.set(bytes.subarray(start, end), from);
    return this.#write(from, from + length, this.#match(from, from + length, 2 ** windowBits));
  }

  /** Copies as much of the history as can be referred to. @returns the address after it */
  #enterHistory(history: OctetRange | undefined, windowBytes: number): number {
    if (history === undefined) return addresses.history;
    const { bytes, end } = history;
    const from = Math.max(history.start, end - windowBytes, end - maxHistoryBytes);
    const octets = bytes.subarray(from, end);
    this.#memory.set(octets, addresses.history);
    return addresses.history + octets.length;
  }

  /** Finds the references, and counts the symbols. */
  #match(from: number, end: number, windowBytes: number): number {
    this.#base += baseStep;
    if (this.#base > lastBase) {
      this.#memory.fill(0, addresses.table, addresses.tableEnd);
      this.#base = baseStep;
    }
    const shift = end - addresses.history < manyRowsFromBytes ? fewRowsShift : manyRowsShift;
    return this.#exports.match(from, end, windowBytes, this.#base, shift);
  }

  #write(from: number, end: number, referencesEnd: number): OctetRange {
    const literals = this.#literals;
    const distances = this.#distances;
    const header = this.#header;
    const symbolBits = literals.build() + distances.build();
    const dynamicBits = header.prepare(literals, distances) + symbolBits;
    const fixedBits = 3 + this.#fixedBits();
    // Each of them has counted the end of the block, and what flushes is the same for all.
    if (Math.min(dynamicBits, fixedBits) >= 8 * storedBytes(end - from)) {
      this.#clear();
      return this.#writeStored(from, end);
    }
    if (dynamicBits < fixedBits) {
      header.writeDynamic();
    } else {
      header.writeFixed();
      literals.codes.set(fixedLiteralCodes);
      distances.codes.set(fixedDistanceCodes);
    }
    const outputEnd = this.#exports.write(
      referencesEnd,
      addresses.output + header.end,
      header.waitingBits,
      header.waitingCount,
    );
    this.#clear();
    return { bytes: this.#output, start: 0, end: outputEnd - addresses.output };
  }

  /** What the symbols would take with the codes of §3.2.6. */
  #fixedBits(): number {
    let bits = 0;
    const { symbols, counts, size } = this.#literals;
    for (let index = 0; index < size; index++) {
      const symbol = symbols[index]!;
      bits += counts[symbol]! * (fixedLiteralLengths[symbol]! + literalExtraBits[symbol]!);
    }
    const distances = this.#distances;
    for (let index = 0; index < distances.size; index++) {
      const symbol = distances.symbols[index]!;
      bits += distances.counts[symbol]! * (fixedDistanceBits + distanceExtraBitsOf[symbol]!);
    }
    return bits;
  }

  #writeStored(from: number, end: number): OctetRange {
    const output = this.#output;
    let at = 0;
    for (let next = from; next < end; ) {
      const count = Math.min(end - next, maxStoredBytes);
      at = writeBlockHeader(output, at, count);
      output.set(this.#memory.subarray(next, next + count), at);
      at += count;
      next += count;
    }
    return { bytes: output, start: 0, end: writeBlockHeader(output, at, 0) };
  }

  #clear(): void {
    this.#literals.clear();
    this.#distances.clear();
  }
}

/** Octets of a message in blocks without compression, the flush at the end aside. */
function storedBytes(length: number): number {
  return length + storedHeaderBytes * Math.ceil(length / maxStoredBytes);
}

/**
 * Loads the module, synchronously.
 *
 * @param webAssembly for tests. Default: the global one
 * @returns undefined where there is no WebAssembly, or no memory for it
 */
export function loadDeflater(
  webAssembly: WebAssemblyApi | undefined = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly,
): WasmDeflater | undefined {
  if (webAssembly === undefined) return undefined;
  try {
    const memory = new webAssembly.Memory({ initial: memoryPages, maximum: memoryPages });
    const module = new webAssembly.Module(octetsOf(deflateHex));
    const { exports } = new webAssembly.Instance(module, { deflate: { memory } });
    return new WasmDeflater(memory.buffer, exports as DeflateExports);
  } catch {
    return undefined;
  }
}

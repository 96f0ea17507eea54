/**
 * What stands before the symbols of a block (RFC 1951 §3.2.3), and for one with codes of its own the lengths of these
 * (§3.2.7), run by run.
 */
import { distanceSymbols, firstLengthSymbol } from "./layout.js";
import { PrefixCode } from "./prefix-code.js";

/** The order in which §3.2.7 wants the lengths of the code of lengths. */
const lengthsOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

// "Copy the previous code length 3 - 6 times", "repeat a code length of 0 for 3 - 10 times", "for 11 - 138 times".
const copyPrevious = 16;
const fewZeros = 17;
const manyZeros = 18;
const shortestRun = 3;
const longestCopy = 6;
const shortestManyZeros = 11;
const longestManyZeros = 138;

const maxLengthBits = 7;
const headerBits = 3;
const dynamicBlock = 0b100;
const fixedBlock = 0b010;
/** Bits of the three numbers that come before the lengths. */
const sizesBits = 14;
const fewestLengths = 4;

const lengthExtraBits = Uint8Array.from(lengthsOrder, (_, symbol) =>
  symbol === manyZeros ? 7 : symbol === fewZeros ? 3 : symbol === copyPrevious ? 2 : 0,
);

/** The header of one block after the other, in memory that is used again. */
export class BlockHeader {
  /** How often each length, or way to repeat one, occurs; and its code. */
  readonly #code = new PrefixCode(
    new Int32Array(lengthsOrder.length),
    new Int32Array(lengthsOrder.length),
    lengthExtraBits,
    maxLengthBits,
  );
  /** Lengths and repetitions: a symbol, and its extra bits above the eight lowest. */
  readonly #items = new Int32Array(firstLengthSymbol + 29 + distanceSymbols);
  #itemCount = 0;
  #literalCount = 0;
  #distanceCount = 0;
  #lengthCount = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Octets that have been written. */
  end = 0;
  /** Bits that have not, fewer than eight, and how many. */
  waitingBits = 0;
  waitingCount = 0;

  /** @param target where it is written */
  constructor(target: Uint8Array) {
    this.#bytes = target;
    this.#view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  }

  /** Prepares the header of a block with these codes. @returns the bits that it takes */
  prepare(literals: PrefixCode, distances: PrefixCode): number {
    const code = this.#code;
    code.clear();
    this.#itemCount = 0;
    this.#literalCount = this.#describe(literals);
    this.#distanceCount = this.#describe(distances);
    const bits = code.build();
    const { counts } = code;
    let lengthCount = lengthsOrder.length;
    while (lengthCount > fewestLengths && counts[lengthsOrder[lengthCount - 1]!] === 0) lengthCount--;
    this.#lengthCount = lengthCount;
    return headerBits + sizesBits + 3 * lengthCount + bits;
  }

  /** Notes the lengths of a code up to that of its last symbol. @returns how many these are */
  #describe({ symbols, size, lengths }: PrefixCode): number {
    let at = 0;
    for (let index = 0; index < size; ) {
      const first = symbols[index]!;
      if (first > at) this.#zeros(first - at);
      const length = lengths[first]!;
      at = first;
      do {
        at++;
        index++;
      } while (index < size && symbols[index] === at && lengths[at] === length);
      this.#run(length, at - first);
    }
    return at;
  }

  #zeros(count: number): void {
    let left = count;
    while (left >= shortestManyZeros) {
      const many = left < longestManyZeros ? left : longestManyZeros;
      this.#item(manyZeros, many - shortestManyZeros);
      left -= many;
    }
    if (left >= shortestRun) this.#item(fewZeros, left - shortestRun);
    else for (; left > 0; left--) this.#item(0, 0);
  }

  #run(length: number, count: number): void {
    this.#item(length, 0);
    let left = count - 1;
    while (left >= shortestRun) {
      const many = left < longestCopy ? left : longestCopy;
      this.#item(copyPrevious, many - shortestRun);
      left -= many;
    }
    for (; left > 0; left--) this.#item(length, 0);
  }

  #item(symbol: number, extra: number): void {
    this.#items[this.#itemCount++] = symbol | (extra << 8);
    this.#code.counts[symbol]!++;
  }

  /** Begins a block with the codes that §3.2.6 gives. */
  writeFixed(): void {
    this.end = 0;
    this.waitingBits = fixedBlock;
    this.waitingCount = headerBits;
  }

  /** Writes the header that was prepared. */
  writeDynamic(): void {
    const { codes, counts, lengths } = this.#code;
    const items = this.#items;
    const itemCount = this.#itemCount;
    const lengthCount = this.#lengthCount;
    const view = this.#view;
    let bits =
      dynamicBlock |
      ((this.#literalCount - firstLengthSymbol) << 3) |
      ((this.#distanceCount - 1) << 8) |
      ((lengthCount - fewestLengths) << 13);
    this.#bytes[0] = bits;
    this.#bytes[1] = bits >>> 8;
    bits >>>= 16;
    let count = 1;
    let end = 2;
    for (let index = 0; index < lengthCount; index++) {
      const symbol = lengthsOrder[index]!;
      if (counts[symbol] !== 0) bits |= lengths[symbol]! << count;
      count += 3;
      // All four octets are written, and those that are not full again later.
      view.setInt32(end, bits, true);
      end += count >>> 3;
      bits >>>= count & 0x18;
      count &= 7;
    }
    for (let index = 0; index < itemCount; index++) {
      const item = items[index]!;
      const code = codes[item & 0xff]!;
      const codeLength = (code >>> 16) & 0xff;
      bits |= ((code & 0xffff) | ((item >>> 8) << codeLength)) << count;
      count += codeLength + (code >>> 24);
      view.setInt32(end, bits, true);
      end += count >>> 3;
      bits >>>= count & 0x18;
      count &= 7;
    }
    this.end = end;
    this.waitingBits = bits;
    this.waitingCount = count;
  }
}

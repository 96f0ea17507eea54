/**
 * The making of a Huffman code (RFC 1951 §3.2.2) for symbols that occur so and so often, as quickly as it goes: only the
 * symbols that do occur are looked at more than once, and nearly all of them are sorted by counting.
 *
 * The lengths are those of Huffman's algorithm, done in the array of the sorted counts itself (Moffat and Katajainen,
 * "In-place calculation of minimum-redundancy codes").
 */

/** No code is longer, so that three words of 64 bits are enough wherever bits are put together. */
const longestCode = 12;
/** Counts below this are sorted by counting; the few that are not, by insertion. */
const countedBelow = 64;

/** The codes of 12 bits with their first bit lowest, as they are sent (§3.1.1). */
const reversed: Uint16Array = Uint16Array.from({ length: 2 ** longestCode }, (_, code) => {
  let result = 0;
  for (let bit = 0; bit < longestCode; bit++) result |= ((code >> bit) & 1) << (longestCode - 1 - bit);
  return result;
});

/** A code as deflate.wat takes it. */
function packed(code: number, length: number, extraBits: number): number {
  return reversed[code << (longestCode - length)]! | (length << 16) | (extraBits << 24);
}

/** The code of one alphabet, made anew for each message. */
export class PrefixCode {
  /** How often each symbol occurs. Zero again after `clear`. */
  readonly counts: Int32Array;
  /** The code of each symbol that has one, extra bits << 24 | length << 16 | code, first bit lowest. */
  readonly codes: Int32Array;
  /** Symbols that have a code, in order; as many as `size` says. */
  readonly symbols: Int32Array;
  size = 0;
  /** The length of the code of each symbol that has one. */
  readonly lengths: Uint8Array;
  readonly #extraBits: Uint8Array;
  readonly #maxLength: number;
  /** Symbols and their counts, the rarest first. */
  readonly #sorted: Int32Array;
  readonly #tree: Int32Array;
  readonly #starts = new Int32Array(countedBelow + 1);
  readonly #perLength = new Int32Array(longestCode + 1);
  readonly #nextCode = new Int32Array(longestCode + 1);

  /**
   * @param counts one for each symbol
   * @param codes where the codes go
   * @param extraBits bits that follow each symbol's code
   * @param maxLength bits of the longest code, 12 at most
   */
  constructor(counts: Int32Array, codes: Int32Array, extraBits: Uint8Array, maxLength: number) {
    this.counts = counts;
    this.codes = codes;
    this.#extraBits = extraBits;
    this.#maxLength = maxLength;
    // One more: a symbol that does not occur is written before it is known that it does not.
    this.symbols = new Int32Array(counts.length + 1);
    this.lengths = new Uint8Array(counts.length);
    this.#sorted = new Int32Array(counts.length);
    this.#tree = new Int32Array(counts.length);
  }

  /**
   * Makes the code. Two symbols at least have one, since not all receivers know a code of one.
   *
   * @returns bits that all symbols take with it, and their extra bits
   */
  build(): number {
    this.#collect();
    this.#sort();
    this.#measureDepths();
    this.#countLengths();
    return this.#assign();
  }

  /** Sets the counts that are not zero to zero. */
  clear(): void {
    const { counts, symbols, size } = this;
    for (let index = 0; index < size; index++) counts[symbols[index]!] = 0;
  }

  #collect(): void {
    const { counts, symbols } = this;
    const { length } = counts;
    let size = 0;
    for (let symbol = 0; symbol < length; symbol++) {
      symbols[size] = symbol;
      // One where the count is above zero. A branch would be guessed wrong too often.
      size += -counts[symbol]! >>> 31;
    }
    if (size < 2) {
      const only = size === 1 ? symbols[0]! : 0;
      symbols[0] = 0;
      symbols[1] = Math.max(only, 1);
      size = 2;
    }
    this.size = size;
  }

  #sort(): void {
    const { counts, symbols, size } = this;
    const sorted = this.#sorted;
    const tree = this.#tree;
    const starts = this.#starts;
    starts.fill(0);
    for (let index = 0; index < size; index++) {
      const count = counts[symbols[index]!]!;
      starts[count < countedBelow ? count : countedBelow]!++;
    }
    let start = 0;
    for (let count = 0; count <= countedBelow; count++) {
      const share = starts[count]!;
      starts[count] = start;
      start += share;
    }
    const insertedFrom = starts[countedBelow]!;
    for (let index = 0; index < size; index++) {
      const symbol = symbols[index]!;
      const count = counts[symbol]!;
      let at = starts[count < countedBelow ? count : countedBelow]!++;
      if (count >= countedBelow) {
        for (; at > insertedFrom && tree[at - 1]! > count; at--) {
          tree[at] = tree[at - 1]!;
          sorted[at] = sorted[at - 1]!;
        }
      }
      tree[at] = count;
      sorted[at] = symbol;
    }
  }

  /** Leaves the depth of each inner node of Huffman's tree in `#tree`, the root last. */
  #measureDepths(): void {
    const tree = this.#tree;
    const { size } = this;
    // Up to `next` the array holds inner nodes, first their counts, then, once they have one, the index of the parent.
    let leaf = 2;
    let node = 0;
    tree[0]! += tree[1]!;
    for (let next = 1; next < size - 1; next++) {
      let count: number;
      if (leaf >= size || tree[node]! < tree[leaf]!) {
        count = tree[node]!;
        tree[node++] = next;
      } else {
        count = tree[leaf++]!;
      }
      if (leaf >= size || (node < next && tree[node]! < tree[leaf]!)) {
        count += tree[node]!;
        tree[node++] = next;
      } else {
        count += tree[leaf++]!;
      }
      tree[next] = count;
    }
    tree[size - 2] = 0;
    for (let index = size - 3; index >= 0; index--) tree[index] = tree[tree[index]!]! + 1;
  }

  /** How many codes have which length. */
  #countLengths(): void {
    const tree = this.#tree;
    const perLength = this.#perLength;
    const maxLength = this.#maxLength;
    perLength.fill(0);
    let node = this.size - 2;
    let used = 0;
    let places = 1;
    for (let depth = 0; places > 0; depth++) {
      let nodes = 0;
      while (node >= 0 && tree[node] === depth) {
        nodes++;
        node--;
      }
      const leaves = places - nodes;
      const length = depth < maxLength ? depth : maxLength;
      perLength[length]! += leaves;
      used += leaves << (maxLength - length);
      places = 2 * nodes;
    }
    // Where codes had to be cut, there are too many: the longest of the others gets a second one beside it.
    for (let excess = used - (1 << maxLength); excess > 0; excess--) {
      let length = maxLength - 1;
      while (perLength[length] === 0) length--;
      perLength[length]!--;
      perLength[length + 1]! += 2;
      perLength[maxLength]!--;
    }
  }

  /** §3.2.2: "All codes of a given bit length have lexicographically consecutive values, in the same order as the symbols". */
  #assign(): number {
    const { counts, codes, symbols, lengths, size } = this;
    const extraBits = this.#extraBits;
    const sorted = this.#sorted;
    const perLength = this.#perLength;
    const nextCode = this.#nextCode;
    const maxLength = this.#maxLength;
    let at = size;
    let code = 0;
    for (let length = 1; length <= maxLength; length++) {
      const many = perLength[length]!;
      nextCode[length] = code;
      code = (code + many) << 1;
      for (let index = 0; index < many; index++) lengths[sorted[--at]!] = length;
    }
    let bits = 0;
    for (let index = 0; index < size; index++) {
      const symbol = symbols[index]!;
      const length = lengths[symbol]!;
      const extra = extraBits[symbol]!;
      codes[symbol] = packed(nextCode[length]!++, length, extra);
      bits += counts[symbol]! * (length + extra);
    }
    return bits;
  }
}

/** The codes of given lengths, from the first symbol on, none of them zero. */
export function codesOfLengths(lengths: Uint8Array, extraBits: Uint8Array): Int32Array {
  const nextCode = new Int32Array(longestCode + 2);
  for (const length of lengths) nextCode[length + 1]!++;
  for (let length = 1; length <= longestCode; length++)
    nextCode[length] = (nextCode[length]! + nextCode[length - 1]!) << 1;
  return Int32Array.from(lengths, (length, symbol) => packed(nextCode[length]!++, length, extraBits[symbol] ?? 0));
}

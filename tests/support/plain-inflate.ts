/**
 * Inflate (RFC 1951) written out plainly, to judge what others deflate: it knows how far back they have referred, and
 * how their blocks were made.
 */

/** What was found in a stream. */
export interface PlainInflated {
  readonly bytes: Uint8Array;
  /** The longest distance that was referred back; 0 where there was none. */
  readonly maxDistance: number;
  /** The kinds of the blocks, in order. */
  readonly blocks: readonly ("stored" | "fixed" | "dynamic")[];
}

const lengthBases = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131];
const lengthBase = [...lengthBases, 163, 195, 227, 258];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const fixedLengths = Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);

/** Codes by their length and value. */
type Codes = ReadonlyMap<string, number>;

/**
 * Inflates to the end of the octets, over final blocks.
 *
 * @param history what may be referred to before them
 * @throws Error where they make no sense, or end within a block
 */
export function plainInflate(bytes: Uint8Array, history: Uint8Array = new Uint8Array(0)): PlainInflated {
  const out = [...history];
  const blocks: ("stored" | "fixed" | "dynamic")[] = [];
  let at = 0;
  let maxDistance = 0;
  const bit = (): number => {
    const octet = bytes[at >> 3];
    if (octet === undefined) throw new Error("the stream ends within a block");
    return (octet >> (at++ & 7)) & 1;
  };
  const number = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) value |= bit() << index;
    return value;
  };
  const align = (): void => {
    at = (at + 7) & ~7;
  };
  const symbol = (codes: Codes): number => {
    let code = "";
    for (;;) {
      code += String(bit());
      const found = codes.get(code);
      if (found !== undefined) return found;
      if (code.length > 15) throw new Error("there is no such code");
    }
  };
  const compressed = (literals: Codes, distances: Codes): void => {
    for (;;) {
      const value = symbol(literals);
      if (value === 256) return;
      if (value < 256) {
        out.push(value);
        continue;
      }
      const length = lengthBase[value - 257]! + number(lengthExtra[value - 257]!);
      const code = symbol(distances);
      const extra = code < 2 ? 0 : (code >> 1) - 1;
      const distance = (code < 2 ? code : (2 + (code & 1)) << extra) + 1 + number(extra);
      if (distance > out.length) throw new Error("a distance leads before the beginning");
      maxDistance = Math.max(maxDistance, distance);
      for (let index = 0; index < length; index++) out.push(out[out.length - distance]!);
    }
  };
  while (at < bytes.byteLength * 8) {
    const isFinal = bit() === 1;
    const kind = number(2);
    if (kind === 0) {
      align();
      const length = number(16);
      if ((number(16) ^ 0xffff) !== length) throw new Error("a stored block has two lengths");
      for (let index = 0; index < length; index++) out.push(number(8));
      blocks.push("stored");
    } else if (kind === 1) {
      compressed(codesOf(fixedLengths), codesOf(new Array<number>(30).fill(5)));
      blocks.push("fixed");
    } else if (kind === 2) {
      const literalCount = number(5) + 257;
      const distanceCount = number(5) + 1;
      const lengths = new Array<number>(19).fill(0);
      const lengthCount = number(4) + 4;
      for (let index = 0; index < lengthCount; index++) lengths[codeLengthOrder[index]!] = number(3);
      const lengthCodes = codesOf(lengths);
      const all: number[] = [];
      while (all.length < literalCount + distanceCount) {
        const value = symbol(lengthCodes);
        if (value < 16) all.push(value);
        else if (value === 16) all.push(...new Array<number>(3 + number(2)).fill(all.at(-1)!));
        else all.push(...new Array<number>(value === 17 ? 3 + number(3) : 11 + number(7)).fill(0));
      }
      compressed(codesOf(all.slice(0, literalCount)), codesOf(all.slice(literalCount)));
      blocks.push("dynamic");
    } else {
      throw new Error("there is no such block");
    }
    if (isFinal) align();
  }
  return { bytes: Uint8Array.from(out.slice(history.byteLength)), maxDistance, blocks };
}

function codesOf(lengths: readonly number[]): Codes {
  const codes = new Map<string, number>();
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    code <<= 1;
    for (const [symbol, wanted] of lengths.entries()) {
      if (wanted === length) codes.set((code++).toString(2).padStart(length, "0"), symbol);
    }
  }
  return codes;
}

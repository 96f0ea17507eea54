/**
 * What deflate.wat finds where in its memory, and the symbols of RFC 1951 §3.2.5 that it looks up there.
 */

/** Pages of 64 KiB. */
export const memoryPages: number = 9;
/** The longest message, in octets. There is room for no more. */
export const maxMessageBytes: number = 64 * 1024;
/** The longest history, in octets. §2: "up to 32K bytes before" */
export const maxHistoryBytes: number = 32 * 1024;

/** Addresses in the memory, as the head of deflate.wat lists them. */
export const addresses = {
  lengthSymbols: 0x0_0000,
  distanceSymbols: 0x0_0200,
  lengthBases: 0x0_0400,
  distanceBases: 0x0_0480,
  literalCounts: 0x0_0500,
  distanceCounts: 0x0_0980,
  literalCodes: 0x0_0a00,
  distanceCodes: 0x0_0e80,
  history: 0x0_1008,
  table: 0x2_0000,
  tableEnd: 0x4_0000,
  output: 0x7_2000,
} as const;

/** §3.2.5: 256 literals, the end of the block, and 29 lengths. */
export const literalSymbols: number = 286;
/** The symbol of the shortest length. */
export const firstLengthSymbol: number = 257;
/** §3.2.6: "distance codes 30-31 will never actually occur". */
export const distanceSymbols: number = 30;

const lengthCodes = literalSymbols - firstLengthSymbol;
const shortestLength = 3;
const longestLength = 258;
/** From here on, a distance's symbol is found by its highest bits. */
const directDistances = 256;
const distancesPerEntry = 128;

/** Bits that follow a length's code: none for the first eight and for the last, 258; else one more for every four. */
function lengthExtraBits(code: number): number {
  return code < 8 || code === lengthCodes - 1 ? 0 : (code >> 2) - 1;
}

/** Bits that follow a distance's code. */
function distanceExtraBits(code: number): number {
  return code < 4 ? 0 : (code >> 1) - 1;
}

/** Extra bits of each literal and length, by symbol. */
export const literalExtraBits: Uint8Array = Uint8Array.from({ length: literalSymbols }, (_, symbol) =>
  symbol < firstLengthSymbol ? 0 : lengthExtraBits(symbol - firstLengthSymbol),
);
/** Extra bits of each distance, by symbol. */
export const distanceExtraBitsOf: Uint8Array = Uint8Array.from({ length: distanceSymbols }, (_, symbol) =>
  distanceExtraBits(symbol),
);

/** Lays the tables of symbols into the memory. */
export function writeSymbols(buffer: ArrayBuffer): void {
  const lengths = new Uint8Array(buffer, addresses.lengthSymbols, longestLength + 1);
  const lengthBases = new Int32Array(buffer, addresses.lengthBases, lengthCodes);
  let length = shortestLength;
  for (let code = 0; code < lengthCodes; code++) {
    // 258 has a symbol of its own, so that the one before it has a length less than its bits can tell.
    if (code === lengthCodes - 1) length = longestLength;
    lengthBases[code] = length;
    lengths.fill(code, length, length + 2 ** lengthExtraBits(code));
    length += 2 ** lengthExtraBits(code);
  }

  const distances = new Uint8Array(buffer, addresses.distanceSymbols, 2 * directDistances);
  const distanceBases = new Int32Array(buffer, addresses.distanceBases, distanceSymbols);
  let before = 0;
  for (let code = 0; code < distanceSymbols; code++) {
    distanceBases[code] = before + 1;
    const next = before + 2 ** distanceExtraBits(code);
    if (before < directDistances) distances.fill(code, before, next);
    else distances.fill(code, directDistances + before / distancesPerEntry, directDistances + next / distancesPerEntry);
    before = next;
  }
}

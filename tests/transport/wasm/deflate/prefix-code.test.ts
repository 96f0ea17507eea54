import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { codesOfLengths, PrefixCode } from "#src/transport/wasm/deflate/prefix-code.js";

/** The fewest bits that symbols of such counts take, by putting the two rarest together again and again. */
function fewestBits(counts: readonly number[]): number {
  const left = counts.filter((count) => count > 0);
  let bits = 0;
  while (left.length > 1) {
    left.sort((a, b) => b - a);
    const both = left.pop()! + left.pop()!;
    bits += both;
    left.push(both);
  }
  return bits;
}

interface Made {
  readonly bits: number;
  readonly symbols: readonly number[];
  readonly lengths: readonly number[];
  /** Each symbol's code as it is sent, the first bit first. */
  readonly sent: readonly string[];
}

function made(counts: readonly number[], maxLength: number, extraBits = new Uint8Array(counts.length)): Made {
  const code = new PrefixCode(Int32Array.from(counts), new Int32Array(counts.length), extraBits, maxLength);
  const bits = code.build();
  const symbols = [...code.symbols.subarray(0, code.size)];
  const lengths = symbols.map((symbol) => code.lengths[symbol]!);
  const sent = symbols.map((symbol, index) => {
    const packed = code.codes[symbol]!;
    assert.equal((packed >> 16) & 0xff, lengths[index]);
    assert.equal(packed >>> 24, extraBits[symbol]);
    return Array.from((packed & 0xffff).toString(2).padStart(lengths[index]!, "0"))
      .reverse()
      .join("");
  });
  return { bits, symbols, lengths, sent };
}

function assertIsComplete({ lengths, sent }: Made, maxLength: number): void {
  assert.ok(Math.max(...lengths) <= maxLength);
  assert.equal(
    lengths.reduce((sum, length) => sum + 2 ** -length, 0),
    1,
  );
  const sorted = [...sent].sort();
  for (let index = 1; index < sorted.length; index++) assert.ok(!sorted[index]!.startsWith(sorted[index - 1]!));
}

const someCounts = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 }), fc.nat(5000)), {
  minLength: 2,
  maxLength: 286,
});

describe("RFC 1951 §3.2.2 a prefix code", () => {
  it("gives the codes that the example has", () => {
    // Counts for which the lengths are those of the example.
    const { lengths, sent } = made([3, 3, 3, 3, 3, 5, 1, 1], 12);
    assert.deepEqual(lengths, [3, 3, 3, 3, 3, 2, 4, 4]);
    assert.deepEqual(sent, ["010", "011", "100", "101", "110", "00", "1110", "1111"]);
  });

  it("is complete, and takes the fewest bits that there can be", () => {
    fc.assert(
      fc.property(someCounts, (counts) => {
        if (counts.filter((count) => count > 0).length < 2) return;
        const result = made(counts, 12);
        assertIsComplete(result, 12);
        assert.deepEqual(
          result.symbols,
          counts.flatMap((count, symbol) => (count > 0 ? [symbol] : [])),
        );
        // Unless the longest ones had to be cut.
        if (result.lengths.every((length) => length < 12)) assert.equal(result.bits, fewestBits(counts));
        else assert.ok(result.bits >= fewestBits(counts) && result.bits <= fewestBits(counts) * 1.02);
      }),
    );
  });

  it("has no code longer than it may have, however the counts are", () => {
    const fibonacci = [1, 1];
    while (fibonacci.length < 30) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
    for (const maxLength of [7, 10, 12]) {
      for (let length = 2; length <= 30; length++) {
        assertIsComplete(made(fibonacci.slice(0, length), maxLength), maxLength);
        assertIsComplete(made(fibonacci.slice(0, length).reverse(), maxLength), maxLength);
      }
    }
    assertIsComplete(made(new Array<number>(128).fill(1), 7), 7);
  });

  it("has two codes at least, for receivers that know none of one", () => {
    assert.deepEqual(made([0, 0, 0], 10).symbols, [0, 1]);
    assert.deepEqual(made([5, 0, 0], 10).symbols, [0, 1]);
    assert.deepEqual(made([0, 5, 0], 10).symbols, [0, 1]);
    assert.deepEqual(made([0, 0, 5], 10).symbols, [0, 2]);
    assert.deepEqual(made([0, 0, 5], 10).lengths, [1, 1]);
  });

  it("counts the extra bits", () => {
    assert.equal(made([3, 2], 12, Uint8Array.of(0, 5)).bits, 3 + 2 * 6);
  });

  it("can be made again", () => {
    const code = new PrefixCode(Int32Array.of(9, 1, 1, 0, 7), new Int32Array(5), new Uint8Array(5), 12);
    code.build();
    code.clear();
    assert.deepEqual([...code.counts], [0, 0, 0, 0, 0]);
    code.counts.set([0, 1, 0, 1, 2]);
    assert.equal(code.build(), 2 + 2 + 2);
    assert.deepEqual([...code.symbols.subarray(0, code.size)], [1, 3, 4]);
  });

  it("§3.2.6 has the codes of given lengths", () => {
    const codes = codesOfLengths(
      Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
      new Uint8Array(288),
    );
    const sent = (symbol: number): string =>
      Array.from((codes[symbol]! & 0xffff).toString(2).padStart(codes[symbol]! >> 16, "0"))
        .reverse()
        .join("");
    assert.deepEqual([0, 143, 144, 255, 256, 279, 280, 287].map(sent), [
      "00110000",
      "10111111",
      "110010000",
      "111111111",
      "0000000",
      "0010111",
      "11000000",
      "11000111",
    ]);
  });
});

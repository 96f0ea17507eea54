import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeIntoUnits, isValidUtf8, portableTextCodec, Utf8Validator } from "#src/protocol/utf8.js";
import { cutAt, everyChunking } from "../support/chunking.js";
import { hexOf, octets, utf8 } from "../support/octets.js";

/**
 * The index of the first bad octet by brute force: the shortest beginning that a fatal decoder refuses although more is
 * to come; -1 when there is none.
 */
function firstBadOctet(bytes: Uint8Array): number {
  for (let length = 1; length <= bytes.length; length++) {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
    } catch {
      return length - 1;
    }
  }
  return -1;
}

/** The text by the platform's functions, or undefined where it is not valid. */
function decodeOrRefuse(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : undefined;
}

/** What `firstBadOctet` finds, by the validator, fed in pieces. */
function firstBadInPieces(pieces: readonly Uint8Array[]): { bad: number; isComplete: boolean } {
  const validator = new Utf8Validator();
  let offset = 0;
  for (const piece of pieces) {
    const bad = validator.push(piece, 0, piece.length);
    if (bad !== -1) return { bad: offset + bad, isComplete: false };
    offset += piece.length;
  }
  return { bad: -1, isComplete: validator.isComplete };
}

/** Octets with many beginnings and middles of code points in them. */
const nastyOctet = fc.constantFrom(
  ...[0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee],
  ...[0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xfc, 0xfe, 0xff],
);
const nastyOctets = fc.array(nastyOctet, { maxLength: 12 }).map((values) => Uint8Array.from(values));
/** Valid UTF-8 with one octet changed. */
const mutatedText = fc
  .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), fc.nat(), fc.nat({ max: 255 }))
  .map(([text, place, octet]) => {
    const bytes = utf8(text);
    bytes[place % bytes.length] = octet;
    return bytes;
  });
const anyOctets = fc.oneof(nastyOctets, mutatedText, fc.uint8Array({ maxLength: 40 }));

/** Strings of any UTF-16 units: lone surrogates too. */
const anyString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 50 }),
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff", "a", "é", "€", "😀"), { maxLength: 12 })
    .map((parts) => parts.join("")),
);

/** RFC 3629 §3 and §10, Unicode's table 3-7: the edges of every range, and what lies one beyond. */
const vectors: readonly (readonly [hex: string, firstBad: number, isComplete: boolean, what: string])[] = [
  ["", -1, true, "nothing"],
  ["00", -1, true, "U+0000"],
  ["7f", -1, true, "U+007F"],
  ["c280", -1, true, "U+0080"],
  ["dfbf", -1, true, "U+07FF"],
  ["e0a080", -1, true, "U+0800"],
  ["ed9fbf", -1, true, "U+D7FF"],
  ["ee8080", -1, true, "U+E000"],
  ["efbfbf", -1, true, "U+FFFF"],
  ["f0908080", -1, true, "U+10000"],
  ["f48fbfbf", -1, true, "U+10FFFF"],
  ["cebae1bdb9cf83cebcceb5", -1, true, "κόσμε"],
  ["80", 0, false, "a continuation octet alone"],
  ["bf", 0, false, "the last continuation octet alone"],
  ["c0", 0, false, "an overlong lead octet"],
  ["c1bf", 0, false, "the other overlong lead octet"],
  ["e09f80", 1, false, "an overlong form of three octets"],
  ["f08fbfbf", 1, false, "an overlong form of four octets"],
  ["eda080", 1, false, "the first surrogate"],
  ["edbfbf", 1, false, "the last surrogate"],
  ["f4908080", 1, false, "U+110000"],
  ["f5", 0, false, "a lead octet beyond U+10FFFF"],
  ["f8", 0, false, "a lead octet of five"],
  ["fe", 0, false, "FE"],
  ["ff", 0, false, "FF"],
  ["c241", 1, false, "a code point of two octets cut short"],
  ["e18041", 2, false, "a code point of three octets cut short"],
  ["f1808041", 3, false, "a code point of four octets cut short"],
  ["c2", -1, false, "the beginning of two octets"],
  ["e0", -1, false, "the beginning of three octets"],
  ["e0a0", -1, false, "two of three octets"],
  ["f0", -1, false, "the beginning of four octets"],
  ["f09080", -1, false, "three of four octets"],
  // What the bounds of one lead octet allow must not leak into the next code point.
  ["e0a080c280", -1, true, "U+0800 U+0080"],
  ["ed8080eda080", 4, false, "U+D000 and a surrogate"],
  ["f48080809f", 4, false, "U+100000 and a continuation octet"],
  // Autobahn 6.4.1: κόσμε, a code point too large, "edited".
  ["cebae1bdb9cf83cebcceb5f4908080656469746564", 12, false, "Autobahn 6.4.1"],
];

describe("RFC 3629 §3 valid UTF-8", () => {
  for (const [hex, firstBad, isComplete, what] of vectors) {
    it(`${firstBad === -1 ? (isComplete ? "is" : "may begin with") : "has its first bad octet in"} ${what}`, () => {
      const bytes = octets(hex);
      for (const { name, chunks } of everyChunking(bytes)) {
        assert.deepEqual(firstBadInPieces(chunks), { bad: firstBad, isComplete }, name);
      }
      assert.equal(isValidUtf8(bytes, 0, bytes.length), firstBad === -1 && isComplete);
      assert.equal(isUtf8(bytes), firstBad === -1 && isComplete, "the vector itself");
      assert.equal(portableTextCodec.decodeChecked(bytes, 0, bytes.length), decodeOrRefuse(bytes));
    });
  }

  it("is what every code point is written as, and no surrogate", () => {
    const validator = new Utf8Validator();
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const bytes = Buffer.from(String.fromCodePoint(codePoint));
      if (validator.push(bytes, 0, bytes.length) !== -1 || !validator.isComplete) assert.fail(codePoint.toString(16));
    }
  });

  it("is what node:buffer's isUtf8 says, on random and on mutated octets", () => {
    fc.assert(
      fc.property(anyOctets, (bytes) => assert.equal(isValidUtf8(bytes, 0, bytes.length), isUtf8(bytes), hexOf(bytes))),
      { numRuns: 2000 },
    );
  });

  it("is looked for in the range that is given, and nowhere else", () => {
    const bytes = octets("ff c3a9 ff");
    assert.equal(isValidUtf8(bytes, 1, 3), true);
    assert.equal(isValidUtf8(bytes, 1, 2), false);
    assert.equal(isValidUtf8(bytes, 0, 3), false);
    assert.equal(new Utf8Validator().push(bytes, 1, 4), 3);
  });
});

describe("§8.1 the first bad octet", () => {
  it("is the one at which a fatal decoder gives up, in any chunking", () => {
    fc.assert(
      fc.property(anyOctets, fc.array(fc.nat({ max: 40 }), { maxLength: 6 }), (bytes, cuts) => {
        const expected = firstBadOctet(bytes);
        assert.equal(firstBadInPieces([bytes]).bad, expected, hexOf(bytes));
        assert.equal(firstBadInPieces(cutAt(bytes, cuts)).bad, expected, hexOf(bytes));
        assert.equal(firstBadInPieces(Array.from(bytes, (octet) => Uint8Array.of(octet))).bad, expected, hexOf(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it("is found in every sequence of two octets, and after every lead with every second octet", () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const bytes = Uint8Array.of(first, second, 0x80, 0x80);
        assert.equal(firstBadInPieces([bytes]).bad, firstBadOctet(bytes), hexOf(bytes));
      }
    }
  });
});

describe("reading octets that may be anything", () => {
  it("gives what TextDecoder gives, and nothing where isUtf8 says no", () => {
    fc.assert(
      fc.property(fc.oneof(anyOctets, anyString.map(utf8)), fc.nat({ max: 5 }), (octets, offset) => {
        // What would go on a code point that is cut off must not be looked at.
        const bytes = new Uint8Array(offset + octets.length + 3).fill(0xbf);
        bytes.set(octets, offset);
        const text = portableTextCodec.decodeChecked(bytes, offset, offset + octets.length);
        assert.equal(text, decodeOrRefuse(octets), hexOf(octets));
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses every sequence of two, three and four octets that isUtf8 refuses", () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    for (let first = 0x80; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const rests = second % 16 === 0 || second % 16 === 15 ? edges.map((third) => [third, 0x80]) : [[0x80, 0xbf]];
        for (const rest of [[], ...rests, ...rests.map(([third]) => [third as number])]) {
          const bytes = Uint8Array.of(first, second, ...rest);
          assert.equal(portableTextCodec.decodeChecked(bytes, 0, bytes.length), decodeOrRefuse(bytes), hexOf(bytes));
        }
      }
    }
  });

  it("reads every code point, and no surrogate", () => {
    const units = new Uint16Array(4);
    const bytes = new Uint8Array(4);
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
      const length = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
      for (let index = length - 1, rest = codePoint; index >= 0; index--, rest >>= 6) {
        bytes[index] = index > 0 ? 0x80 | (rest & 0x3f) : length === 1 ? rest : ((0xf00 >> length) & 0xff) | rest;
      }
      const count = decodeIntoUnits(bytes, 0, length, units);
      if (count !== (isSurrogate ? -1 : length === 4 ? 2 : 1)) assert.fail(codePoint.toString(16));
      if (!isSurrogate && String.fromCharCode(...units.subarray(0, count)) !== String.fromCodePoint(codePoint)) {
        assert.fail(codePoint.toString(16));
      }
    }
  });

  it("reads long text in pieces without tearing it", () => {
    const text = "aé€😀".repeat(5000);
    const bytes = utf8(text);
    assert.equal(portableTextCodec.decodeChecked(bytes, 0, bytes.length), text);
    assert.equal(portableTextCodec.decode(bytes, 0, bytes.length), text);
    assert.equal(portableTextCodec.decodeChecked(bytes, 0, bytes.length - 1), undefined);
    const ascii = "0123456789".repeat(1000);
    assert.equal(portableTextCodec.decodeAscii(utf8(ascii), 0, ascii.length), ascii);
    assert.equal(portableTextCodec.decodeAscii(utf8(ascii), 5, 4101), ascii.slice(5, 4101));
  });
});

describe("the portable text codec", () => {
  it("writes what TextEncoder writes, lone surrogates as U+FFFD", () => {
    fc.assert(
      fc.property(anyString, fc.nat({ max: 5 }), (text, offset) => {
        const expected = utf8(text);
        assert.equal(portableTextCodec.byteLength(text), expected.length);
        const target = new Uint8Array(offset + expected.length + 2).fill(0xee);
        assert.equal(portableTextCodec.encodeInto(text, target, offset), expected.length);
        assert.deepEqual(target.slice(offset, offset + expected.length), expected);
        assert.ok(target.subarray(0, offset).every((octet) => octet === 0xee));
        assert.deepEqual([...target.subarray(offset + expected.length)], [0xee, 0xee]);
      }),
      { numRuns: 1000 },
    );
  });

  it("reads what TextDecoder reads", () => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    fc.assert(
      fc.property(anyString, fc.nat({ max: 5 }), (text, offset) => {
        const written = utf8(text);
        const bytes = new Uint8Array(offset + written.length + 3).fill(0xff);
        bytes.set(written, offset);
        assert.equal(portableTextCodec.decode(bytes, offset, offset + written.length), decoder.decode(written));
      }),
      { numRuns: 1000 },
    );
  });

  it("reads and writes the edges of every length", () => {
    for (const codePoint of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xffff, 0x10000, 0x10ffff]) {
      const text = String.fromCodePoint(codePoint);
      const bytes = utf8(text);
      const written = new Uint8Array(4);
      assert.equal(portableTextCodec.encodeInto(text, written, 0), bytes.length);
      assert.deepEqual(written.slice(0, bytes.length), bytes);
      assert.equal(portableTextCodec.decode(bytes, 0, bytes.length), text);
      assert.equal(portableTextCodec.isValid(bytes, 0, bytes.length), true);
    }
  });

  it("reads ASCII", () => {
    const bytes = Uint8Array.from({ length: 128 }, (_, index) => index);
    assert.equal(portableTextCodec.decodeAscii(bytes, 0, 128), String.fromCharCode(...bytes));
    assert.equal(portableTextCodec.decodeAscii(bytes, 65, 68), "ABC");
  });
});

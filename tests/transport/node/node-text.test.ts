import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { TextCodec } from "#src/protocol/index.js";
import { portableTextCodec } from "#src/protocol/index.js";
import { documentedNodeText, nodeText } from "#src/transport/node/index.js";

const codecs: readonly (readonly [string, TextCodec])[] = [
  ["Node's own methods", nodeText],
  ["documented functions", documentedNodeText],
];

const anyText = fc.string({ unit: "binary", maxLength: 200 });
const anyBytes = fc.uint8Array({ maxLength: 200 });
const someOffset = fc.integer({ min: 0, max: 9 });

/** `bytes` in the middle of a larger memory, as chunks lie in pools. */
function embed(bytes: Uint8Array, offset: number): Uint8Array {
  const memory = new Uint8Array(bytes.byteLength + offset + 5).fill(0xff);
  memory.set(bytes, offset);
  return memory.subarray(1);
}

/** `text` as it arrives: lone surrogates have become U+FFFD. */
function wellFormed(text: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

/** Octets of valid text, of text that was damaged, and of none, in every length that a codec treats in its own way. */
const anyOctets = fc
  .tuple(
    fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ unit: "grapheme-ascii", maxLength: 60 })),
    fc.constantFrom(1, 2, 10),
    fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
  )
  .map(([text, times, damage]) => {
    const octets = new TextEncoder().encode(text.repeat(times));
    if (damage !== null && octets.byteLength > 0) octets[damage[0] % octets.byteLength] = damage[1];
    return octets;
  });

/** Sequences at the edges of what RFC 3629 allows and forbids, each whole and cut short. */
function edgeSequences(): Buffer[] {
  const whole = [
    // The edges of each length, and of the surrogates.
    ...["c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbd", "efbfbf", "f0908080", "f48fbfbf"],
    // Continuation octets alone, overlong forms, surrogates, beyond U+10FFFF, octets that are never used.
    ...["80", "bf", "8080", "c080", "c1bf", "e08080", "e09fbf", "f0808080", "f08fbfbf", "eda080", "edbfbf"],
    ...[
      "eda080edb080",
      "f4908080",
      "f5808080",
      "f8808080",
      "f888808080",
      "fc8480808080",
      "fe",
      "ff",
      "c2c2",
      "e0a0e0a0",
    ],
  ].map((hex) => Buffer.from(hex, "hex"));
  return whole.flatMap((octets) => Array.from(octets, (_, index) => octets.subarray(0, index + 1)));
}

for (const [name, codec] of codecs) {
  describe(`text by ${name}`, () => {
    it("writes what TextEncoder writes, at any offset, and nothing beside it", () => {
      fc.assert(
        fc.property(anyText, someOffset, (text, offset) => {
          const expected = new TextEncoder().encode(text);
          const target = new Uint8Array(expected.byteLength + offset + 4).fill(0x2a);
          assert.equal(codec.byteLength(text), expected.byteLength);
          assert.equal(codec.encodeInto(text, target, offset), expected.byteLength);
          assert.deepEqual(target.subarray(offset, offset + expected.byteLength), expected);
          assert.ok(target.subarray(0, offset).every((octet) => octet === 0x2a));
          assert.ok(target.subarray(offset + expected.byteLength).every((octet) => octet === 0x2a));
        }),
      );
    });

    it("turns lone surrogates into U+FFFD, as §8.1 wants only valid UTF-8 sent", () => {
      for (const text of ["\ud800", "a\udfff", "\udc00\ud800", "\ud83d😀\ude00"]) {
        const target = new Uint8Array(32);
        const written = codec.encodeInto(text, target, 3);
        assert.equal(written, codec.byteLength(text));
        assert.deepEqual(target.slice(3, 3 + written), new TextEncoder().encode(text));
        assert.equal(codec.decode(target, 3, 3 + written), wellFormed(text));
      }
    });

    it("reads back what it wrote, from any place in a larger memory", () => {
      fc.assert(
        fc.property(anyText, fc.integer({ min: 1, max: 9 }), (text, offset) => {
          const encoded = new TextEncoder().encode(text);
          const memory = embed(encoded, offset);
          assert.equal(codec.decode(memory, offset - 1, offset - 1 + encoded.byteLength), wellFormed(text));
        }),
      );
    });

    it("keeps a byte order mark", () => {
      assert.equal(codec.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 0, 4), "\ufeffa");
    });

    it("judges octets as the portable codec does, short ones and long ones (§8.1)", () => {
      fc.assert(
        fc.property(
          fc.oneof(
            anyBytes,
            anyText.map((text) => new TextEncoder().encode(text)),
          ),
          (bytes) => {
            const memory = embed(bytes, 1);
            assert.equal(
              codec.isValid(memory, 0, bytes.byteLength),
              portableTextCodec.isValid(bytes, 0, bytes.byteLength),
            );
          },
        ),
      );
    });

    for (const length of [3, 31, 32, 33, 500]) {
      it(`sees one bad octet among ${length}, wherever it is`, () => {
        for (let at = 0; at < length; at++) {
          const bytes = new Uint8Array(length).fill(0x61);
          assert.equal(codec.isValid(bytes, 0, length), true);
          bytes[at] = 0xc0;
          assert.equal(codec.isValid(bytes, 0, length), false);
          // Outside of what is asked about it does not count.
          assert.equal(codec.isValid(bytes, 0, at), true);
          assert.equal(codec.isValid(bytes, at + 1, length), true);
        }
      });
    }

    it("reads what is valid and refuses what is not, as the portable codec does (§8.1)", () => {
      fc.assert(
        fc.property(anyOctets, someOffset, (octets, offset) => {
          const memory = embed(octets, offset + 1);
          assert.equal(
            codec.decodeChecked(memory, offset, offset + octets.byteLength),
            portableTextCodec.decodeChecked(octets, 0, octets.byteLength),
          );
        }),
        { numRuns: 1000 },
      );
    });

    // What stands around it decides how a decoder goes about its work: nothing, ASCII, or text that is not.
    for (const [what, before, after] of [
      ["alone", "", ""],
      ["at the end of ASCII", "a".repeat(40), ""],
      ["at the beginning of ASCII", "", "a".repeat(40)],
      ["amidst Cyrillic", "щ".repeat(30), "щ".repeat(30)],
      ["amidst a long text", "щ€😀".repeat(60), "щ€😀".repeat(60)],
      ["amidst a very long text", "щ€😀".repeat(2000), "щ€😀".repeat(2000)],
      ["amidst U+FFFD that was meant", "\ufffd".repeat(20), "\ufffd".repeat(20)],
    ] as const) {
      it(`refuses each invalid sequence ${what}, and reads each valid one (RFC 3629 §3)`, () => {
        for (const sequence of edgeSequences()) {
          const octets = Buffer.concat([Buffer.from(before), sequence, Buffer.from(after)]);
          const expected = isUtf8(octets) ? octets.toString() : undefined;
          const text = codec.decodeChecked(octets, 0, octets.byteLength);
          // A plain comparison first: the message is long.
          if (text !== expected) assert.fail(`${sequence.toString("hex")} ${what}`);
          if (isUtf8(octets) && codec.decode(octets, 0, octets.byteLength) !== expected) assert.fail(what);
        }
      });
    }

    it("keeps a byte order mark, and U+FFFD that was sent, also where it checks", () => {
      for (const text of [
        "\ufeffa",
        "\ufffd",
        "a".repeat(40) + "\ufffd",
        "щ".repeat(40) + "\ufffd",
        "\ufffd".repeat(600),
      ]) {
        const octets = new TextEncoder().encode(text);
        assert.equal(codec.decodeChecked(octets, 0, octets.byteLength), text);
      }
    });

    it("writes short strings as it writes long ones, flat or joined or cut out", () => {
      for (const piece of ["a", "é", "€", "😀", "\ud800", "\udc00"]) {
        for (let length = 0; length <= 30; length++) {
          const flat = piece.repeat(length);
          const joined = `${flat.slice(0, length >> 1)}${flat.slice(length >> 1)}`;
          for (const text of [flat, joined, `${flat}x`.slice(1)]) {
            const expected = new TextEncoder().encode(text);
            const target = new Uint8Array(expected.byteLength + 5).fill(0x2a);
            assert.equal(codec.encodeInto(text, target, 2), expected.byteLength);
            assert.deepEqual(target.slice(2, 2 + expected.byteLength), expected);
            assert.deepEqual([...target.slice(2 + expected.byteLength)], [0x2a, 0x2a, 0x2a]);
          }
        }
      }
    });

    it("reads ASCII of every length", () => {
      const bytes = Uint8Array.from({ length: 70 }, (_, index) => 48 + index);
      for (let start = 0; start < 4; start++) {
        for (let end = start; end <= bytes.byteLength; end++) {
          assert.equal(codec.decodeAscii(bytes, start, end), String.fromCharCode(...bytes.subarray(start, end)));
        }
      }
    });

    it("reads ASCII, and nothing at all", () => {
      const bytes = new TextEncoder().encode("xhellox");
      assert.equal(codec.decodeAscii(bytes, 1, 6), "hello");
      assert.equal(codec.decodeAscii(bytes, 3, 3), "");
      assert.equal(codec.decode(bytes, 3, 3), "");
      assert.equal(codec.decodeChecked(bytes, 3, 3), "");
      assert.equal(codec.encodeInto("", bytes, 3), 0);
    });

    it("takes memory that is no Buffer, and shared memory", () => {
      const shared = new Uint8Array(new SharedArrayBuffer(16), 4);
      const written = codec.encodeInto("né", shared, 2);
      assert.equal(codec.decode(shared, 2, 2 + written), "né");
    });
  });
}

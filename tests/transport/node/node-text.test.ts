import assert from "node:assert/strict";
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

    it("reads ASCII, and nothing at all", () => {
      const bytes = new TextEncoder().encode("xhellox");
      assert.equal(codec.decodeAscii(bytes, 1, 6), "hello");
      assert.equal(codec.decodeAscii(bytes, 3, 3), "");
      assert.equal(codec.decode(bytes, 3, 3), "");
      assert.equal(codec.encodeInto("", bytes, 3), 0);
    });

    it("takes memory that is no Buffer, and shared memory", () => {
      const shared = new Uint8Array(new SharedArrayBuffer(16), 4);
      const written = codec.encodeInto("né", shared, 2);
      assert.equal(codec.decode(shared, 2, 2 + written), "né");
    });
  });
}

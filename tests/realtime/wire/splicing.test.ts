import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import { type Codec, type Frame, jsonCodec, splicerOf } from "#src/realtime/wire/index.js";

type Parts = readonly (readonly unknown[])[];

/** A frame that was put together, and the same frame as the codec encodes it. */
function both(codec: Codec, head: readonly unknown[], parts: Parts, tail: readonly unknown[]) {
  const splicer = splicerOf(codec);
  assert.ok(splicer !== undefined);
  const encoded = parts.map((part) => splicer.elements(part));
  const spliced = splicer.frame(
    splicer.elements(head),
    encoded,
    tail.length === 0 ? undefined : splicer.elements(tail),
  );
  return { spliced, whole: codec.encode([...head, parts.flat(), ...tail] as unknown as Frame) };
}

const value = fc.oneof(fc.string(), fc.integer(), fc.uint8Array({ maxLength: 4 }), fc.constant({ $b: "AA==" }));
const entry = fc.tuple(fc.string({ minLength: 1 }), value, fc.string());
const head = fc.tuple(fc.constant("d"), fc.nat(), fc.string(), fc.string());
const tail = fc.oneof(fc.constant([]), fc.tuple(fc.array(fc.string(), { minLength: 1 })));

describe("a frame that is put together of encoded parts", () => {
  for (const codec of [jsonCodec, msgpackCodec]) {
    it(`is as if it had been encoded at once: ${codec.subprotocol}`, () => {
      const parts = fc.array(fc.array(entry, { minLength: 1, maxLength: 20 }), { maxLength: 4 });
      fc.assert(
        fc.property(head, parts, tail, (first, between, last) => {
          const { spliced, whole } = both(codec, first, between, last);
          assert.deepEqual(spliced, whole);
        }),
        { numRuns: 100 },
      );
    });

    it(`counts its entries however many there are: ${codec.subprotocol}`, () => {
      for (const counts of [[15], [16], [8, 8], [65_535], [65_536], [65_535, 1]]) {
        const parts = counts.map((count) => Array.from({ length: count }, () => 0));
        const { spliced, whole } = both(codec, ["d"], parts, [["gone"]]);
        assert.deepEqual(spliced, whole);
      }
    });
  }

  it("is not there for a codec that writes nobody knows what", () => {
    assert.equal(splicerOf({ ...jsonCodec, subprotocol: "other" }), undefined);
  });
});

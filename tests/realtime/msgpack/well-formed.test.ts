/**
 * MessagePack that promises more than it has is refused before anything is made of it.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { flawOf } from "#src/realtime/msgpack/well-formed.js";

describe("the look at MessagePack before it is decoded", () => {
  it("finds nothing wrong with what an encoder makes", () => {
    const value = fc.anything({ withTypedArray: false, withNullPrototype: false, maxDepth: 5 });
    fc.assert(
      fc.property(
        fc.oneof(value, fc.uint8Array(), fc.string({ maxLength: 300 }), fc.integer(), fc.double()),
        (sent) => {
          let octets: Uint8Array;
          try {
            octets = encode(sent);
          } catch {
            // A bigint, a symbol: no value of MessagePack.
            return;
          }
          assert.equal(flawOf(octets, 64), undefined);
        },
      ),
    );
  });

  it("takes long arrays, maps, strings and octets", () => {
    const many = Array.from({ length: 70_000 }, (_, index) => index);
    const sent = [
      many,
      many.slice(0, 300),
      Object.fromEntries(many.map((index) => [`k${String(index)}`, 1])),
      Object.fromEntries(many.slice(0, 300).map((index) => [`k${String(index)}`, 1])),
      "x".repeat(70_000),
      new Uint8Array(70_000),
      new Uint8Array(300),
      [-1, -200, -70_000, -(2 ** 40), 200, 70_000, 2 ** 32, 2 ** 40, 1.5],
    ];
    assert.equal(flawOf(encode(sent), 64), undefined);
  });

  it("says yes to nothing that cannot be decoded, but for keys that no object has", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (octets) => {
        if (flawOf(octets, 64) !== undefined) return;
        try {
          decode(octets);
        } catch (error) {
          assert.match(String(error), /key/u);
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const [what, octets] of [
    ["nothing", []],
    ["an array of four billion", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["a map of four billion", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ["a string that is not there", [0xdb, 0, 0, 1, 0]],
    ["octets that are not there", [0xc6, 0, 1, 0, 0, 1]],
    ["a length that is not there", [0xdd, 0]],
    ["a number that is not there", [0xcb, 0, 0]],
    ["two values", [1, 2]],
    ["an extension", [0xd4, 1, 1]],
    ["a timestamp", [0xd6, 0xff, 0, 0, 0, 0]],
    ["a reserved octet", [0xc1]],
    ["arrays in arrays", [...Array.from({ length: 65 }, () => 0x91), 1]],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.equal(typeof flawOf(Uint8Array.from(octets), 64), "string");
    });
  }

  it("takes as many arrays in arrays as are allowed", () => {
    assert.equal(flawOf(Uint8Array.from([...Array.from({ length: 64 }, () => 0x91), 1]), 64), undefined);
  });
});

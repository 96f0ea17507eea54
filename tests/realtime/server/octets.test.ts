import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isLonger } from "#src/realtime/server/octets.js";

describe("whether a message is longer than a limit", () => {
  it("is decided by its octets, and not by its characters", () => {
    const texts = fc.string({ unit: fc.constantFrom("a", "é", "€", "😀"), maxLength: 30 });
    fc.assert(
      fc.property(texts, fc.nat(120), (text, limit) => {
        const octets = new TextEncoder().encode(text);
        assert.equal(isLonger(text, limit), octets.length > limit);
        assert.equal(isLonger(octets, limit), octets.length > limit);
      }),
    );
    assert.deepEqual(
      [4, 5, 6].map((limit) => isLonger("€é", limit)),
      [true, false, false],
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { copyOctets } from "#src/protocol/octets.js";

describe("a copy of octets", () => {
  it("has memory of its own, as long as itself, even of a Buffer, whose own slice is a view", () => {
    const source = Buffer.from([1, 2, 3, 4]);
    const copy = copyOctets(source, 1, 3);
    source.fill(9);
    assert.deepEqual([...copy], [2, 3]);
    assert.notEqual(copy.buffer, source.buffer);
    assert.equal(copy.buffer.byteLength, 2);
  });

  it("of nothing is nothing", () => {
    assert.equal(copyOctets(Uint8Array.of(1), 1, 1).byteLength, 0);
  });
});

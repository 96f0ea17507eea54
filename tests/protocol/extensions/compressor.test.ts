import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flushTailBytes, maxStreamsPerMessage, messageTail } from "#src/protocol/extensions/compressor.js";
import { concat, hexOf, octets } from "../../support/octets.js";
import { plainInflate } from "../../support/plain-inflate.js";

describe("§7.2.2 what a receiver appends", () => {
  it("begins with the four octets that the sender has removed", () => {
    assert.equal(hexOf(messageTail.subarray(0, flushTailBytes)), "0000ffff");
  });

  it("ends a whole message with an empty final block, before its last octet", () => {
    const hello = concat(octets("f248cdc9c90700"), messageTail.subarray(0, -1));
    assert.equal(hexOf(plainInflate(hello).bytes), "48656c6c6f");
    assert.deepEqual(plainInflate(hello).blocks, ["fixed", "stored", "stored"]);
  });

  it("limits the streams of a message", () => {
    assert.equal(maxStreamsPerMessage, 64);
  });
});

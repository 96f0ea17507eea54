import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { storedBlocks, writeBlockHeader } from "#src/protocol/extensions/stored-blocks.js";
import { hexOf, utf8 } from "../../support/octets.js";
import { plainInflate } from "../../support/plain-inflate.js";
import { noise } from "../../support/samples.js";

describe("RFC 1951 §3.2.4 blocks without compression", () => {
  it("are what RFC 7692 §7.2.3.3 shows, and a flush", () => {
    const { bytes, start, end } = storedBlocks(utf8("Hello"), 0, 5);
    assert.equal(hexOf(bytes.slice(start, end)), "000500faff48656c6c6f000000ffff");
  });

  for (const length of [0, 1, 65_535, 65_536, 140_000]) {
    it(`hold ${length} octets`, () => {
      const octets = noise(length + 2, length);
      const { bytes, start, end } = storedBlocks(octets, 1, length + 1);
      assert.equal(end, bytes.byteLength);
      const { bytes: found, blocks } = plainInflate(bytes.subarray(start, end));
      assert.deepEqual(found, octets.slice(1, length + 1));
      assert.equal(blocks.length, Math.ceil(length / 65_535) + 1);
    });
  }

  it("begin with their length twice", () => {
    const header = new Uint8Array(6);
    assert.equal(writeBlockHeader(header, 1, 0x1234), 6);
    assert.equal(hexOf(header), "00003412cbed");
  });
});

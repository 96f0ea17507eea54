import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sha1 } from "#src/protocol/handshake/sha1.js";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("FIPS 180-4 SHA-1", () => {
  it("gives the digests of the standard's examples", () => {
    const examples: [string, string][] = [
      ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
      ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
      ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"],
    ];
    for (const [message, digest] of examples) assert.equal(hex(sha1(Buffer.from(message))), digest);
  });

  it("agrees with node:crypto at every length around the block boundaries", () => {
    for (let length = 0; length <= 200; length++) {
      const message = new Uint8Array(length).map((_, index) => (index * 7 + length) & 0xff);
      assert.equal(hex(sha1(message)), createHash("sha1").update(message).digest("hex"), `length ${length}`);
    }
  });

  it("agrees with node:crypto on random octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (message) => {
        assert.equal(hex(sha1(message)), createHash("sha1").update(message).digest("hex"));
      }),
    );
  });
});

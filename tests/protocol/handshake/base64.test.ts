import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { base64ByteLength, encodeBase64 } from "#src/protocol/handshake/base64.js";

describe("RFC 4648 §4 base64", () => {
  it("encodes the RFC's test vectors", () => {
    const vectors: [string, string][] = [
      ["", ""],
      ["f", "Zg=="],
      ["fo", "Zm8="],
      ["foo", "Zm9v"],
      ["foob", "Zm9vYg=="],
      ["fooba", "Zm9vYmE="],
      ["foobar", "Zm9vYmFy"],
    ];
    for (const [text, encoded] of vectors) assert.equal(encodeBase64(Buffer.from(text)), encoded);
  });

  it("encodes as Buffer does, and knows the length of what it encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        const encoded = encodeBase64(bytes);
        assert.equal(encoded, Buffer.from(bytes).toString("base64"));
        assert.equal(base64ByteLength(encoded), bytes.length);
      }),
    );
  });

  it("accepts left-over bits that are set, as in the example of RFC 6455 §4.1", () => {
    assert.equal(base64ByteLength("AQIDBAUGBwgJCgsMDQ4PEC=="), 16);
  });

  for (const text of [
    "",
    "A",
    "AA",
    "AAA",
    "AAAAA",
    "====",
    "A===",
    "=AAA",
    "AA=A",
    "AAAA====",
    "AA==AAAA",
    "AAA ",
    " AAA",
    "AA-_",
    "AAA\n",
    "AAAé",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(base64ByteLength(text), undefined);
    });
  }
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { acceptValue, createKey, isKey } from "#src/protocol/handshake/key.js";

describe("§4.1 Sec-WebSocket-Key", () => {
  it("is the base64 of 16 octets", () => {
    assert.equal(createKey(Buffer.from("the sample nonce")), "dGhlIHNhbXBsZSBub25jZQ==");
    // The RFC's example reads "…PEC==", the same octets with a left-over bit set.
    const octets = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
    assert.equal(createKey(octets), "AQIDBAUGBwgJCgsMDQ4PEA==");
  });

  it("is not made of any other number of octets", () => {
    for (const length of [0, 15, 17]) {
      assert.throws(() => createKey(new Uint8Array(length)), {
        name: "UsageError",
        code: "invalid-argument",
        observed: length,
        limit: 16,
      });
    }
  });

  it("is recognized when it decodes to 16 octets", () => {
    for (const key of ["dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEC=="]) assert.equal(isKey(key), true);
    for (const key of ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSE=", "Zg=="]) {
      assert.equal(isKey(key), false);
    }
  });
});

describe("§4.2.2 Sec-WebSocket-Accept", () => {
  it("is what the RFC's example says", () => {
    assert.equal(acceptValue("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  it("is the base64 of the SHA-1 of the key as a string and the GUID", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (nonce) => {
        const key = createKey(nonce);
        const expected = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        assert.equal(acceptValue(key), expected);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  finBit,
  frameHeaderBytes,
  maskBit,
  maxCloseReasonBytes,
  maxControlPayloadBytes,
  maxHeaderBytes,
  readInt32,
  readUint32,
  reservedBits,
  writeFrameHeader,
  writeUint32,
} from "#src/protocol/frame-header.js";
import { hexOf, octets } from "../support/octets.js";

function header(firstOctet: number, length: number, maskFlag = 0): string {
  const target = new Uint8Array(12).fill(0xee);
  const end = writeFrameHeader(target, 1, firstOctet, length, maskFlag);
  // Nothing before or behind it is touched.
  assert.equal(target[0], 0xee);
  assert.ok(target.subarray(end).every((octet) => octet === 0xee));
  return hexOf(target.subarray(1, end));
}

describe("§5.2 the frame header", () => {
  it("MUST encode the length in the fewest octets, in network byte order", () => {
    const lengths: readonly (readonly [number, string])[] = [
      [0, "8200"],
      [1, "8201"],
      [125, "827d"],
      [126, "827e007e"],
      [127, "827e007f"],
      [255, "827e00ff"],
      [256, "827e0100"],
      [65535, "827effff"],
      [65536, "827f0000000000010000"],
      [0xffff_ffff, "827f00000000ffffffff"],
      [0x1_0000_0000, "827f0000000100000000"],
      [Number.MAX_SAFE_INTEGER, "827f001fffffffffffff"],
    ];
    for (const [length, expected] of lengths) {
      assert.equal(header(0x82, length), expected, String(length));
      assert.equal(frameHeaderBytes(length, false), expected.length / 2, String(length));
      assert.equal(frameHeaderBytes(length, true), expected.length / 2 + 4, String(length));
    }
  });

  it("the most significant bit of a 64-bit length MUST be 0", () => {
    fc.assert(
      fc.property(fc.integer({ min: 65536, max: Number.MAX_SAFE_INTEGER }), (length) => {
        const written = octets(header(0x82, length));
        assert.equal((written[2] ?? 0xff) & 0x80, 0);
        assert.equal(Buffer.from(written).readBigUInt64BE(2), BigInt(length));
      }),
    );
  });

  it("has MASK in every form of the length", () => {
    assert.equal(header(0x81, 5, maskBit), "8185");
    assert.equal(header(0x81, 126, maskBit), "81fe007e");
    assert.equal(header(0x81, 65536, maskBit), "81ff0000000000010000");
  });

  it("is at most fourteen octets long", () => {
    assert.equal(frameHeaderBytes(Number.MAX_SAFE_INTEGER, true), maxHeaderBytes);
  });

  it("has its bits where the figure has them", () => {
    assert.deepEqual([finBit, reservedBits, maskBit], [0b1000_0000, 0b0111_0000, 0b1000_0000]);
  });
});

describe("§5.5 the sizes of control frames", () => {
  it("are 125 octets of payload, of which a close reason has what the status code leaves", () => {
    assert.deepEqual([maxControlPayloadBytes, maxCloseReasonBytes], [125, 123]);
  });
});

describe("32-bit words, most significant octet first", () => {
  it("are read as they were written, signed and unsigned", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
        const bytes = new Uint8Array(6);
        assert.equal(writeUint32(bytes, 1, value), 5);
        assert.equal(Buffer.from(bytes).readUInt32BE(1), value);
        assert.equal(readUint32(bytes, 1), value);
        assert.equal(readInt32(bytes, 1), value | 0);
      }),
    );
  });

  it("may be written from a signed integer", () => {
    const bytes = new Uint8Array(4);
    writeUint32(bytes, 0, -2);
    assert.equal(hexOf(bytes), "fffffffe");
  });
});

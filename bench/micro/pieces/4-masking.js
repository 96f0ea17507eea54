/**
 * Masking, in place. bufferutil is what ws uses for more than some 32 octets, where Node has no masking of its own;
 * in JavaScript is what bufferutil does where its native function cannot be had.
 */
import assert from "node:assert/strict";
import { binaryPayload } from "../frames.js";
import { javaScriptUnmask, nativeUnmask, openlineMask, wsUnmask } from "../internals.js";

/** @param {number} bytes */
function maskingCase(name, title, bytes) {
  // Enough of them that the clock is not what is measured.
  const operations = Math.max(1, Math.min(100, Math.floor(65_536 / bytes)));
  return {
    name,
    title,
    operations,
    bytes,
    contenders() {
      const key = Buffer.of(0x37, 0xfa, 0x21, 0x3d);
      const contender = (/** @type {(bytes: Uint8Array, key: Buffer) => void} */ mask) => {
        // A fresh view each time, as a parser makes it, at a place that no header aligns.
        const memory = Buffer.alloc(operations * (bytes + 8) + 1);
        const run = () => {
          for (let index = 0; index < operations; index++) {
            const start = 1 + index * (bytes + 8);
            mask(memory.subarray(start, start + bytes), key);
          }
        };
        const check = () => {
          const payload = binaryPayload(bytes);
          const copy = Buffer.from(payload);
          mask(copy, key);
          assert.deepEqual(copy, Buffer.from(payload.map((octet, index) => octet ^ key[index & 3])));
        };
        return { run, check };
      };
      return {
        openline: contender(openlineMask),
        ws: contender(wsUnmask),
        bufferutil: contender(nativeUnmask),
        "in JavaScript": contender(javaScriptUnmask),
      };
    },
  };
}

/** @type {import("../piece.js").Piece} */
export const piece = {
  name: "masking",
  title: "Masking",
  cases: [
    maskingCase("16b", "16 B", 16),
    maskingCase("64b", "64 B", 64),
    maskingCase("1kib", "1 KiB", 1024),
    maskingCase("16kib", "16 KiB", 16_384),
    maskingCase("1mib", "1 MiB", 1024 * 1024),
  ],
};

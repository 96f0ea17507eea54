/**
 * Masking, in place: openline's in the memory that it reads into, and elsewhere; bufferutil's, which ws uses for more
 * than some 32 octets where Node has no masking of its own; and what bufferutil does in JavaScript where its native
 * function cannot be had.
 */
import assert from "node:assert/strict";
import { binaryPayload } from "../frames.js";
import { javaScriptUnmask, nativeUnmask, openlineMask, openlineMemory, wsUnmask } from "../internals.js";

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
      const keyNumber = key.readInt32BE(0);
      const contender = (
        /** @type {Uint8Array} */ memory,
        /** @type {(bytes: Uint8Array, start: number, end: number) => void} */ mask,
      ) => {
        const run = () => {
          // Frames in a chunk, at places that no header aligns.
          for (let index = 0, start = 1; index < operations; index++, start += bytes + 8) {
            mask(memory, start, start + bytes);
          }
        };
        const check = () => {
          const payload = binaryPayload(bytes);
          memory.set(payload, 1);
          mask(memory, 1, 1 + bytes);
          const masked = payload.map((octet, index) => octet ^ key[index & 3]);
          assert.deepEqual(Buffer.from(memory.subarray(1, 1 + bytes)), Buffer.from(masked));
        };
        return { run, check };
      };
      const memoryBytes = operations * (bytes + 8) + 1;
      const ofOpenline = (memory, start, end) => openlineMask(memory, start, end, keyNumber);
      // The others want a view of the payload.
      const ofView = (mask) => (memory, start, end) => mask(memory.subarray(start, end), key);
      return {
        openline: contender(openlineMemory(memoryBytes), ofOpenline),
        "openline, elsewhere": contender(Buffer.alloc(memoryBytes), ofOpenline),
        ws: contender(Buffer.alloc(memoryBytes), ofView(wsUnmask)),
        bufferutil: contender(Buffer.alloc(memoryBytes), ofView(nativeUnmask)),
        "in JavaScript": contender(Buffer.alloc(memoryBytes), ofView(javaScriptUnmask)),
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

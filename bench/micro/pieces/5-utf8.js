/**
 * Whether octets are UTF-8.
 */
import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { isValidUtf8 } from "openline/protocol";
import utf8Validate from "utf-8-validate";
import { textPayload } from "../frames.js";
import { openlineText, wsIsValidUtf8 } from "../internals.js";

/** @param {Buffer} payload */
function utf8Case(name, title, payload) {
  const bytes = payload.length;
  const operations = Math.max(1, Math.min(100, Math.floor(65_536 / bytes)));
  return {
    name,
    title,
    operations,
    bytes,
    contenders() {
      // The payload lies in a chunk that was read: openline asks about a part of it, the others about a view.
      const chunk = Buffer.concat([Buffer.alloc(6), payload, Buffer.of(0xff)]);
      const contender = (/** @type {(start: number, end: number) => boolean} */ isValid) => ({
        run() {
          for (let index = 0; index < operations; index++) isValid(6, 6 + bytes);
        },
        check() {
          assert.equal(isValid(6, 6 + bytes), true);
          assert.equal(isValid(6, 7 + bytes), false);
        },
      });
      return {
        openline: contender((start, end) => openlineText.isValid(chunk, start, end)),
        "openline, portable": contender((start, end) => isValidUtf8(chunk, start, end)),
        ws: contender((start, end) => wsIsValidUtf8(chunk.subarray(start, end))),
        "buffer.isUtf8": contender((start, end) => isUtf8(chunk.subarray(start, end))),
        "utf-8-validate": contender((start, end) => utf8Validate(chunk.subarray(start, end))),
      };
    },
  };
}

/** @type {import("../piece.js").Piece} */
export const piece = {
  name: "utf8",
  title: "UTF-8 validation",
  cases: [
    utf8Case("16b-ascii", "16 B, ASCII", textPayload(16, true)),
    utf8Case("64b-ascii", "64 B, ASCII", textPayload(64, true)),
    utf8Case("64b", "64 B, not ASCII", textPayload(64, false)),
    utf8Case("1kib", "1 KiB, not ASCII", textPayload(1024, false)),
    utf8Case("64kib", "64 KiB, not ASCII", textPayload(65_536, false)),
  ],
};

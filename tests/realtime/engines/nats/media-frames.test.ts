import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MediaFrame } from "#src/realtime/engines/index.js";
import { FrameJoiner, partsOf } from "#src/realtime/engines/nats/media-frames.js";

const from = { publisher: '["ann é","phone"]', number: 1_700_000_000_123 };

/** A frame as nodes wrote it that did not say who publishes: group, index, time, source, part, parts, and the octets. */
function plain({ group, index, timeMs = Number.NaN, data }: MediaFrame): Uint8Array {
  const message = new Uint8Array(32 + data.byteLength);
  const view = new DataView(message.buffer);
  view.setFloat64(0, group);
  view.setUint32(8, index);
  view.setFloat64(12, timeMs);
  for (const [place, value] of [7, 0, 1].entries()) view.setUint32(20 + 4 * place, value);
  message.set(data, 32);
  return message;
}

describe("frames of media as messages", () => {
  it("are put together again, in as many parts as they need", () => {
    const joiner = new FrameJoiner();
    const data = Uint8Array.from({ length: 1000 }, (_, index) => index);
    for (const more of [{}, { from }]) {
      const frame: MediaFrame = { group: 3, index: 0, timeMs: 5.5, data, ...more };
      for (const maxBytes of [80, 500, 2000]) {
        const parts = partsOf(frame, 7, maxBytes);
        assert.ok(parts.every(({ byteLength }) => byteLength <= maxBytes));
        const joined = parts.map((part) => joiner.add(part));
        assert.deepEqual(joined.pop(), frame);
        assert.deepEqual(new Set(joined), new Set(parts.length > 1 ? [undefined] : []));
      }
    }
  });

  it("are read of nodes that do not say who publishes, and are read by them where that is not said", () => {
    for (const length of [0, 1, 11, 12, 200]) {
      const frame: MediaFrame = { group: 1, index: 2, timeMs: 5, data: new Uint8Array(length).fill(255) };
      assert.deepEqual(new FrameJoiner().add(plain(frame)), frame);
      assert.deepEqual(partsOf(frame, 7, 1000), [plain(frame)]);
    }
  });

  it("are no frames where they are shorter than what they say", () => {
    const [part = new Uint8Array()] = partsOf(
      { group: 1, index: 0, timeMs: 1, data: new Uint8Array(0), from },
      7,
      1000,
    );
    for (const length of [0, 31, 32, 43]) assert.equal(new FrameJoiner().add(part.subarray(0, length)), undefined);
  });
});

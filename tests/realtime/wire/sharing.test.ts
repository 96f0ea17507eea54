import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  FlowWindow,
  readShared,
  type SharingFrame,
  sharingOverheadBytes,
  writeShared,
  writeSharing,
} from "#src/realtime/wire/index.js";

const number = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe("messages of a session among several", () => {
  it("are read as they were written", () => {
    fc.assert(
      fc.property(number, fc.oneof(fc.string(), fc.uint8Array()), (s, message) => {
        const written = writeShared(s, message);
        assert.ok(written.length - message.length <= sharingOverheadBytes);
        const read = readShared(written);
        assert.deepEqual(read, ["message", s, message]);
      }),
    );
  });

  it("are read wherever they lie", () => {
    const written = writeShared(7, Uint8Array.of(1, 2)) as Uint8Array;
    const framed = Uint8Array.of(9, 9, ...written, 9);
    assert.deepEqual(readShared(framed.subarray(2, -1)), ["message", 7, Uint8Array.of(1, 2)]);
  });

  it("have a number", () => {
    for (const wrong of ["", ":", "x", "12", "0:x", "01:x", "-1:x", "1.5:x", "2147483648:x", " 1:x", "1 :x"]) {
      assert.equal(readShared(wrong), undefined, wrong);
    }
    for (const wrong of [[], [0, 0, 1], [0, 0, 0, 0, 1], [128, 0, 0, 0, 1]]) {
      assert.equal(readShared(Uint8Array.from(wrong)), undefined, String(wrong));
    }
  });
});

describe("what is said about a session", () => {
  it("is read as it was written", () => {
    const frames: readonly SharingFrame[] = [
      ["open", 1, ["openline.v1.msgpack", "openline.v1.json"]],
      ["opened", 1, "openline.v1.json"],
      ["refused", 2 ** 31 - 1],
      ["ack", 3, 32_768],
      ["close", 4, 4401, "who are you?"],
    ];
    for (const frame of frames) assert.deepEqual(readShared(writeSharing(frame)), frame);
  });

  it("is nothing else", () => {
    for (const wrong of [
      "[",
      "[]",
      '["toString",1]',
      '["open"]',
      '["open",0,[]]',
      '["open",1,"openline.v1.json"]',
      '["open",1,[""]]',
      '["opened",1]',
      '["ack",1,0]',
      '["ack",1,1.5]',
      '["close",1,999,""]',
      '["close",1,1000]',
      '[["refused",1]]',
    ]) {
      assert.equal(readShared(wrong), undefined, wrong);
    }
  });

  it("is read whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (message) => {
        readShared(message);
      }),
    );
  });
});

describe("a window", () => {
  it("is full, and has room again, however it is acknowledged", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 }), (lengths) => {
        const [sender, receiver] = [new FlowWindow(), new FlowWindow()];
        let roomAgain = 0;
        let timesFull = 0;
        for (const length of lengths) {
          const wasFull = sender.isFull;
          sender.sent(length);
          if (!wasFull && sender.isFull) timesFull++;
        }
        for (const length of lengths) {
          const due = receiver.taken(length);
          if (due > 0 && sender.acknowledged(due)) roomAgain++;
        }
        // What is not acknowledged yet is too little to be in anybody's way.
        assert.ok(!sender.isFull && sender.length < 32_768);
        assert.equal(roomAgain, timesFull);
      }),
    );
  });

  it("does not count below nothing", () => {
    const window = new FlowWindow();
    assert.equal(window.acknowledged(1000), false);
    window.sent(200_000);
    assert.ok(window.isFull);
    assert.ok(window.acknowledged(200_000));
  });
});

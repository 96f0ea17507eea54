import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FrameArena, frameMessage, SharedOctets } from "#src/protocol/shared-octets.js";
import { portableTextCodec } from "#src/protocol/utf8.js";
import { readFrames } from "../support/frames.js";
import { concat, hexOf, octets, utf8 } from "../support/octets.js";
import { patternedBytes } from "../support/patterns.js";

/** Memory as it comes: full of something else. */
function usedMemory(byteLength: number): Uint8Array {
  return new Uint8Array(byteLength).fill(0xdd);
}

const anyMessage = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 300 }));

function payloadOf(data: string | Uint8Array): string {
  return hexOf(typeof data === "string" ? utf8(data) : data);
}

describe("shared octets", () => {
  it("give the same view to all who ask for the same piece in turn", () => {
    const shared = new SharedOctets(octets("0102030405"));
    const view = shared.view(1, 3);
    assert.equal(hexOf(view), "0203");
    assert.equal(shared.view(1, 3), view);
    assert.equal(hexOf(shared.view(1, 4)), "020304");
    assert.equal(hexOf(shared.view(2, 4)), "0304");
    assert.equal(view.buffer, shared.bytes.buffer);
  });

  it("may lie anywhere in their memory", () => {
    const shared = new SharedOctets(octets("ff0102030405").subarray(1));
    assert.equal(hexOf(shared.view(1, 3)), "0203");
  });
});

describe("a message framed once (§5.1, §5.2)", () => {
  it("is one unmasked frame, and tells where its payload is", () => {
    fc.assert(
      fc.property(anyMessage, (data) => {
        const { type, shared, start, end, payloadStart } = frameMessage(data, portableTextCodec);
        const [frame, ...others] = readFrames(shared.view(start, end));
        assert.deepEqual(others, []);
        assert.equal(frame?.fin, true);
        assert.equal(frame.isMasked, false);
        assert.equal(frame.opcode, typeof data === "string" ? 1 : 2);
        assert.equal(type, typeof data === "string" ? "text" : "binary");
        assert.equal(hexOf(frame.payload), payloadOf(data));
        assert.equal(hexOf(shared.view(payloadStart, end)), payloadOf(data));
      }),
    );
  });

  it("takes the fewest octets for each length (§5.2)", () => {
    for (const [length, headerBytes] of [
      [125, 2],
      [126, 4],
      [65_535, 4],
      [65_536, 10],
    ] as const) {
      const { payloadStart, end } = frameMessage(new Uint8Array(length), portableTextCodec);
      assert.deepEqual([payloadStart, end], [headerBytes, headerBytes + length]);
    }
  });

  it("is a copy of what was given", () => {
    const data = octets("010203");
    const { shared, payloadStart, end } = frameMessage(data, portableTextCodec);
    data.fill(0);
    assert.equal(hexOf(shared.view(payloadStart, end)), "010203");
  });
});

describe("an arena of frames", () => {
  it("lays frames down in a row, each whole in one piece of memory", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 40 }), (messages) => {
        const arena = new FrameArena(portableTextCodec, usedMemory);
        const frames = messages.map((data) => arena.layDown(data));
        const laid = frames.map(({ shared, start, end }) => shared.view(start, end).slice());
        const read = readFrames(concat(...laid));
        assert.deepEqual(
          read.map(({ payload }) => hexOf(payload)),
          messages.map(payloadOf),
        );
        assert.ok(read.every(({ fin, isMasked }) => fin && !isMasked));
        for (const [index, { shared, start }] of frames.entries()) {
          const before = frames[index - 1];
          if (before?.shared === shared) assert.equal(start, before.end);
        }
      }),
    );
  });

  /** An arena, and how much memory it has taken. */
  function recordedArena(): { readonly arena: FrameArena; readonly allocated: number[] } {
    const allocated: number[] = [];
    const arena = new FrameArena(portableTextCodec, (byteLength) => {
      allocated.push(byteLength);
      return usedMemory(byteLength);
    });
    return { arena, allocated };
  }

  it("never writes an octet twice, and goes on in new memory when a frame does not fit", () => {
    const { arena, allocated } = recordedArena();
    const payloads = [10_000, 40_000, 10_000, 12_000].map((length, index) => patternedBytes(length, index + 1));
    const frames = payloads.map((payload) => arena.layDown(payload));
    for (const [index, { shared, end }] of frames.entries()) {
      const payload = payloads[index] as Uint8Array;
      assert.equal(Buffer.compare(shared.view(end - payload.length, end), payload), 0);
    }
    assert.equal(frames[2]?.shared, frames[0]?.shared);
    assert.notEqual(frames[3]?.shared, frames[2]?.shared);
    assert.deepEqual(allocated, [65_536, 65_536]);
  });

  it("keeps nothing of the memory that was made for one long frame, and goes on where it was before it", () => {
    const { arena, allocated } = recordedArena();
    const before = arena.layDown("before");
    for (const long of [patternedBytes(200_000), "ü".repeat(100_000)]) {
      const { shared, start, end } = arena.layDown(long);
      assert.notEqual(shared, before.shared);
      assert.deepEqual([start, end], [0, shared.bytes.length]);
      const payload = typeof long === "string" ? utf8(long) : long;
      assert.equal(Buffer.compare(shared.view(end - payload.length, end), payload), 0);
    }
    const after = arena.layDown("after");
    assert.equal(after.shared, before.shared);
    assert.equal(after.start, before.end);
    assert.deepEqual(allocated, [65_536, 200_010, 200_010]);
  });

  it("leaves no more than a quarter of its memory unused, and takes none that nobody needs", () => {
    const { arena, allocated } = recordedArena();
    assert.deepEqual(allocated, []);
    for (let index = 0; index < 4; index++) arena.layDown(patternedBytes(20_000));
    assert.deepEqual(allocated, [20_004, 20_004, 20_004, 20_004]);
    for (let index = 0; index < 5; index++) arena.layDown(patternedBytes(16_000));
    assert.deepEqual(allocated.slice(4), [65_536, 65_536]);
    // It goes into what is left.
    arena.layDown(patternedBytes(40_000));
    assert.deepEqual(allocated.slice(6), []);
  });

  it("has lost nothing where there was no memory", () => {
    let hasMemory = true;
    const arena = new FrameArena(portableTextCodec, (byteLength) => {
      if (!hasMemory) throw new RangeError("no memory");
      return usedMemory(byteLength);
    });
    const first = arena.layDown("first");
    hasMemory = false;
    for (const tooLong of [patternedBytes(100_000), "x".repeat(100_000)]) {
      assert.throws(() => arena.layDown(tooLong), RangeError);
    }
    const second = arena.layDown("second");
    const third = arena.layDown("third");
    const laid = [first, second, third].map(({ shared, start, end }) => shared.view(start, end));
    assert.deepEqual(
      readFrames(concat(...laid)).map(({ payload }) => hexOf(payload)),
      ["first", "second", "third"].map(payloadOf),
    );
    assert.deepEqual([second.start, third.start], [first.end, second.end]);
  });

  it("copies what is appended, as any octets that it is given", () => {
    const { arena } = recordedArena();
    const before = arena.layDown("a");
    const data = octets("0102");
    arena.append(data);
    data.fill(0);
    assert.equal(hexOf(before.shared.view(before.end, arena.position)), "0102");
    // Whoever publishes may change what was given.
    assert.equal(arena.refersTo(), false);
  });

  it("copies what it is given", () => {
    const arena = new FrameArena(portableTextCodec, usedMemory);
    const data = patternedBytes(20_000);
    const { shared, end } = arena.layDown(data);
    const before = data.slice();
    data.fill(0);
    assert.equal(Buffer.compare(shared.view(end - data.length, end), before), 0);
  });
});

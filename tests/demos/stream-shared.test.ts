import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FRAME_KINDS, HEADER_BYTES, NO_CONFIG, packFrame, readFrame } from "../../demos/stream/shared/frame-header.js";
import { FrameQueue } from "../../demos/stream/shared/frame-queue.js";
import { followLiveEdge } from "../../demos/stream/shared/live-edge.js";
import { ageOf, CLOCK_PERIOD_MS, cellsOf, readCells, SERVER_CLOCK } from "../../demos/stream/shared/picture-clock.js";
import {
  configForCodec,
  configForType,
  readCodecConfig,
  readTypeConfig,
} from "../../demos/stream/shared/stream-config.js";
import { TimedQueue } from "../../demos/stream/shared/timed-queue.js";

describe("the header of a stream's frame", () => {
  const frames = fc.record(
    {
      kind: fc.constantFrom(FRAME_KINDS.picture, FRAME_KINDS.piece),
      take: fc.nat(2 ** 32 - 1),
      mediaMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
      config: fc.uint8Array({ maxLength: 40 }),
      data: fc.uint8Array({ maxLength: 40 }),
    },
    { noNullPrototype: true },
  );

  it("is read as it was written, wherever in a buffer it stands", () => {
    fc.assert(
      fc.property(frames, fc.nat(9), (frame, before) => {
        const packed = packFrame(frame);
        const shifted = new Uint8Array(before + packed.length);
        shifted.set(packed, before);
        assert.deepEqual(readFrame(shifted.subarray(before)), frame);
      }),
    );
  });

  it("has its fields where the format says", () => {
    const data = Uint8Array.of(7);
    const packed = packFrame({ kind: FRAME_KINDS.piece, take: 1, mediaMs: 2, config: Uint8Array.of(9), data });
    assert.equal(Buffer.from(packed).toString("hex"), "0102000000014000000000000000000000010907");
  });

  it("of anything else is refused, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        readFrame(octets);
      }),
    );
    const packed = packFrame({ kind: 1, take: 1, mediaMs: 1, config: NO_CONFIG, data: NO_CONFIG });
    assert.ok(readFrame(packed));
    const broken: readonly [at: number, octet: number][] = [
      [0, 2],
      [1, 3],
      [6, 0x7f],
      [17, 1],
    ];
    for (const [at, octet] of broken) {
      const wrong = packed.slice();
      wrong[at] = octet;
      if (at === 6) wrong[7] = 0xf0;
      assert.equal(readFrame(wrong), undefined, `octet ${at}`);
    }
    assert.equal(readFrame(packed.subarray(0, HEADER_BYTES - 1)), undefined);
  });

  it("carries what a decoder has to know", () => {
    const codec = { codec: "vp8", codedWidth: 640, codedHeight: 360 };
    assert.deepEqual(readCodecConfig(configForCodec(codec)), codec);
    for (const wrong of ["", "null", "{}", '{"codec":1,"codedWidth":1,"codedHeight":1}']) {
      assert.equal(readCodecConfig(new TextEncoder().encode(wrong)), undefined, wrong);
    }
    const init = Uint8Array.of(1, 2, 3);
    assert.deepEqual(readTypeConfig(configForType("video/webm", init)), { type: "video/webm", init });
    assert.equal(readTypeConfig(NO_CONFIG), undefined);
    assert.equal(readTypeConfig(Uint8Array.of(5, 1)), undefined);
    assert.throws(() => configForType("x".repeat(256), init), RangeError);
  });
});

describe("the clock in the picture", () => {
  const times = fc.nat(CLOCK_PERIOD_MS - 1);

  it("is read back, though the picture has become paler and noisy", () => {
    fc.assert(
      fc.property(times, fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 32, maxLength: 32 }), (ms, noise) => {
        const levels = cellsOf(ms).map((isWhite, cell) => (isWhite ? 200 : 50) + (noise[cell] ?? 0));
        assert.equal(readCells(levels), ms);
      }),
    );
  });

  it("is not read where a cell is wrong, or there is none", () => {
    fc.assert(
      fc.property(times, fc.nat(31), (ms, wrong) => {
        const levels = cellsOf(ms).map((isWhite, cell) => (isWhite === (cell !== wrong) ? 255 : 0));
        assert.equal(readCells(levels), undefined);
      }),
    );
    for (const level of [0, 128, 255]) assert.equal(readCells(Array.from({ length: 32 }, () => level)), undefined);
    assert.equal(readCells([]), undefined);
  });

  it("tells how old a picture is, also when it has begun anew meanwhile", () => {
    const now = Date.UTC(2026, 0, 1);
    assert.equal(ageOf(now, (now - 80) % CLOCK_PERIOD_MS, SERVER_CLOCK), 80);
    const film = { baseMs: now - 20_010, periodMs: 8_000 };
    assert.equal(ageOf(now, 3_960, film), 50);
    assert.equal(ageOf(now, 7_990, film), 4_020);
    // From a little ahead: the clocks do not agree to the millisecond.
    assert.equal(ageOf(now, (now + 5) % CLOCK_PERIOD_MS, SERVER_CLOCK), 0);
  });
});

describe("the queue of a viewer", () => {
  interface Numbered {
    readonly isKey: boolean;
    readonly bytes: number;
    readonly number: number;
  }

  /** 25 frames a second, a key frame each second. */
  function frame(number: number, bytes = 100): Numbered {
    return { isKey: number % 25 === 0, bytes, number };
  }

  it("hands out everything in order to who keeps up", () => {
    const queue = new FrameQueue<Numbered>(1_000, 1e6);
    const taken: number[] = [];
    for (let number = 0; number < 100; number++) {
      queue.push(frame(number), number * 40);
      for (let next = queue.take(number * 40); next !== undefined; next = queue.take(number * 40)) {
        assert.equal(next.isAfterHole, false);
        taken.push(next.frame.number);
      }
    }
    assert.deepEqual(taken, [...Array(100).keys()]);
    assert.deepEqual([queue.skips, queue.skippedFrames], [0, 0]);
  });

  it("keeps a slow viewer's lag within the bound: skips go to key frames, and everything is shown or counted", () => {
    fc.assert(
      fc.property(fc.integer({ min: 45, max: 400 }), (workMs) => {
        const queue = new FrameQueue<Numbered>(1_000, 1e6);
        let [shown, freeMs, previous] = [0, 0, -1];
        for (let nowMs = 0; nowMs < 20_000; nowMs += 5) {
          if (nowMs % 40 === 0) queue.push(frame(nowMs / 40), nowMs);
          if (nowMs < freeMs) continue;
          const next = queue.take(nowMs);
          if (next === undefined) continue;
          // A frame begins to be decoded no later than this after it came.
          assert.ok(next.waitedMs <= 1_000 + workMs, `${next.waitedMs} ms at ${workMs} ms a frame`);
          assert.equal(next.isAfterHole, next.frame.number !== previous + 1);
          if (next.isAfterHole) assert.ok(next.frame.isKey);
          previous = next.frame.number;
          shown++;
          freeMs = nowMs + workMs;
        }
        assert.ok(queue.skips > 0);
        assert.equal(shown + queue.skippedFrames + queue.size, 500);
      }),
    );
  });

  it("waits for a key frame after what was lost before it got here", () => {
    const queue = new FrameQueue<Numbered>(1_000, 1e6);
    queue.push(frame(3), 0);
    assert.equal(queue.take(0), undefined);
    queue.push(frame(25), 0);
    queue.lost(4);
    queue.push(frame(30), 0);
    queue.push(frame(50), 0);
    assert.deepEqual(queue.take(0), { frame: frame(25), waitedMs: 0, isAfterHole: true });
    queue.clear();
    queue.push(frame(75), 0);
    assert.deepEqual(queue.take(0)?.isAfterHole, false);
    assert.deepEqual([queue.skips, queue.skippedFrames, queue.lostFrames], [1, 5, 4]);
  });

  it("has no more octets than it may", () => {
    const queue = new FrameQueue<Numbered>(60_000, 1_000);
    for (let number = 0; number < 60; number++) queue.push(frame(number), number);
    // Ten of the first group, of which the rest was dropped; then the key frames took the place of what waited.
    assert.equal(queue.size, 10);
    assert.deepEqual(queue.take(60)?.frame, frame(50));
    assert.equal(queue.skips, 1);
    assert.equal(queue.skippedFrames, 50);
  });
});

describe("what is said beside a stream", () => {
  it("is shown when its moment is, in order, and no later than it may", () => {
    const queue = new TimedQueue<string>(5_000);
    queue.add("later", 900, 0);
    queue.add("sooner", 500, 10);
    assert.deepEqual(queue.due(499, 20), []);
    assert.deepEqual(queue.due(500, 30), ["sooner"]);
    assert.deepEqual(queue.due(899, 4_999), []);
    queue.add("at once", 100, 4_999);
    assert.deepEqual(queue.due(899, 5_000), ["later", "at once"]);
    assert.equal(queue.size, 0);
  });

  it("is shown at once where nothing plays", () => {
    const queue = new TimedQueue<string>(5_000);
    queue.add("hi", 1e12, 0);
    assert.deepEqual(queue.due(undefined, 0), ["hi"]);
  });
});

describe("the live edge", () => {
  const at = (currentMs: number, rate = 1): ReturnType<typeof followLiveEdge> =>
    followLiveEdge({ currentMs, startMs: 10_000, endMs: 20_000, rate });

  it("is jumped to from before what there is, from far behind, and from beyond", () => {
    for (const currentMs of [0, 9_999, 17_000, 23_000]) assert.deepEqual(at(currentMs), { rate: 1, seekMs: 19_600 });
    assert.equal(followLiveEdge({ currentMs: 0, startMs: 500, endMs: 600, rate: 1 }).seekMs, 500);
  });

  it("is caught up with where it is near, up to the end", () => {
    assert.ok(at(19_000).rate > 1);
    assert.equal(at(19_500, 1.06).rate, 1.06);
    assert.deepEqual(at(19_500), { rate: 1, seekMs: undefined });
    assert.deepEqual(at(19_700, 1.06), { rate: 1, seekMs: undefined });
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { joinOctets } from "../../demos/stream/shared/containers/byte-queue.js";
import { isVp8Key, readIvf } from "../../demos/stream/shared/containers/ivf.js";
import { movedFragment } from "../../demos/stream/shared/containers/mp4-boxes.js";
import { Mp4Splitter } from "../../demos/stream/shared/containers/mp4-splitter.js";
import type { Piece, Splitter } from "../../demos/stream/shared/containers/splitter.js";
import { WebmSplitter } from "../../demos/stream/shared/containers/webm-splitter.js";

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function uint32(value: number): Uint8Array {
  return bytes(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Whole, octet by octet, and in pieces of a length that fits nothing. */
function inAllWays(make: () => Splitter, octets: Uint8Array): { init: Uint8Array | undefined; pieces: Piece[] }[] {
  return [octets.length, 1, 7].map((length) => {
    const splitter = make();
    const pieces: Piece[] = [];
    for (let at = 0; at < octets.length; at += length) pieces.push(...splitter.push(octets.subarray(at, at + length)));
    return { init: splitter.init, pieces };
  });
}

describe("WebM", () => {
  const UNKNOWN = bytes(0x01, 255, 255, 255, 255, 255, 255, 255);

  function element(id: readonly number[], ...content: Uint8Array[]): Uint8Array {
    const joined = joinOctets(...content);
    return joinOctets(bytes(...id), bytes(0x40 | (joined.length >> 8), joined.length & 255), joined);
  }

  const track = (number: number, type: number): Uint8Array =>
    element([0xae], element([0xd7], bytes(number)), element([0x83], bytes(type)));
  const head = joinOctets(
    element([0x1a, 0x45, 0xdf, 0xa3], bytes(1, 2)),
    joinOctets(bytes(0x18, 0x53, 0x80, 0x67), UNKNOWN),
    element([0x15, 0x49, 0xa9, 0x66], element([0x2a, 0xd7, 0xb1], bytes(0x0f, 0x42, 0x40))),
    element([0x16, 0x54, 0xae, 0x6b], track(1, 2), track(2, 1)),
  );
  const cluster = (time: number): Uint8Array =>
    joinOctets(bytes(0x1f, 0x43, 0xb6, 0x75), UNKNOWN, element([0xe7], bytes(time >> 8, time & 255)));
  const block = (trackNumber: number, offset: number, isKey: boolean): Uint8Array =>
    element([0xa3], bytes(0x80 | trackNumber, offset >> 8, offset & 255, isKey ? 0x80 : 0, 1, 2, 3));

  it("is cut where a cluster begins with a key frame, with the sound before it, and joined again it is what it was", () => {
    const clusters = [
      joinOctets(cluster(0), block(1, 0, true), block(2, 3, true), block(2, 43, false), block(1, 60, true)),
      joinOctets(cluster(1000), block(2, 0, true), block(2, 40, false)),
      // One that begins because the last one became too long.
      joinOctets(cluster(1500), block(2, 0, false)),
    ];
    for (const { init, pieces } of inAllWays(() => new WebmSplitter(), joinOctets(head, ...clusters))) {
      assert.deepEqual(init, head);
      assert.deepEqual(joinOctets(...pieces.map(({ data }) => data)), joinOctets(...clusters));
      const keys = pieces.filter(({ isKey }) => isKey);
      assert.deepEqual(
        keys.map(({ mediaMs }) => mediaMs),
        [3, 1000],
      );
      for (const { data } of keys) assert.deepEqual(data.subarray(0, 4), bytes(0x1f, 0x43, 0xb6, 0x75));
    }
  });

  it("has key frames in groups of blocks, which refer to nothing", () => {
    const inner = (isReferring: boolean): Uint8Array =>
      element(
        [0xa0],
        element([0xa1], bytes(0x82, 0, 0, 0, 9)),
        isReferring ? element([0xfb], bytes(1)) : new Uint8Array(0),
      );
    const splitter = new WebmSplitter();
    const octets = joinOctets(head, cluster(0), inner(false), cluster(40), inner(true));
    assert.deepEqual(
      splitter.push(octets).map(({ isKey }) => isKey),
      [true],
    );
    assert.deepEqual(
      splitter.push(joinOctets(cluster(80), inner(false))).map(({ isKey }) => isKey),
      [true],
    );
  });

  it("that is none, or would gather octets without end, is refused", () => {
    assert.throws(() => new WebmSplitter().push(bytes(0, 1, 2)), RangeError);
    assert.throws(() => new WebmSplitter().push(bytes(0xec, 0x01, 0, 0, 0, 255, 255, 255, 255)), RangeError);
    assert.throws(() => new WebmSplitter().push(joinOctets(bytes(0xec), UNKNOWN)), RangeError);
  });
});

describe("fragmented MP4", () => {
  const box = (type: string, ...content: Uint8Array[]): Uint8Array => {
    const joined = joinOctets(...content);
    return joinOctets(uint32(8 + joined.length), ascii(type), joined);
  };
  const zeros = (count: number): Uint8Array => new Uint8Array(count);
  const NON_SYNC = 0x10000;

  const track = (id: number, handler: string, timescale: number): Uint8Array =>
    box(
      "trak",
      box("tkhd", zeros(12), uint32(id), zeros(64)),
      box(
        "mdia",
        box("mdhd", zeros(12), uint32(timescale), zeros(8)),
        box("hdlr", zeros(8), ascii(handler), zeros(13)),
      ),
    );
  const head = joinOctets(
    box("ftyp", ascii("iso5")),
    box(
      "moov",
      track(1, "soun", 48_000),
      track(2, "vide", 12_800),
      box("mvex", box("trex", zeros(4), uint32(2), zeros(12), uint32(NON_SYNC))),
    ),
  );
  /** A run whose first sample has flags of its own, or none. */
  const run = (firstFlags: number | undefined): Uint8Array =>
    firstFlags === undefined
      ? box("trun", uint32(0x1), uint32(1), uint32(0))
      : box("trun", uint32(0x5), uint32(1), uint32(0), uint32(firstFlags));
  const time = (value: number, isLong: boolean): Uint8Array =>
    isLong ? box("tfdt", uint32(0x1000000), uint32(0), uint32(value)) : box("tfdt", uint32(0), uint32(value));
  const fragment = (units: number, flags: number | undefined, isLong = true): Uint8Array =>
    joinOctets(
      box(
        "moof",
        box("mfhd", zeros(8)),
        box("traf", box("tfhd", uint32(0x20020), uint32(1), uint32(0)), time(0, true), run(undefined)),
        box("traf", box("tfhd", uint32(0x20000), uint32(2)), time(units, isLong), run(flags)),
      ),
      box("mdat", bytes(1, 2, 3)),
    );

  it("is cut at its fragments, and its pictures say which are key frames", () => {
    const fragments = [
      fragment(0, 0),
      fragment(512, undefined),
      fragment(12_800, 0, false),
      fragment(13_312, NON_SYNC),
    ];
    const [first, ...others] = fragments;
    const octets = joinOctets(head, first!, box("sidx", zeros(20)), ...others);
    for (const { init, pieces } of inAllWays(() => new Mp4Splitter(), octets)) {
      assert.deepEqual(init, head);
      assert.deepEqual(
        pieces.map(({ isKey, mediaMs, data }) => ({ isKey, mediaMs, data })),
        [
          { isKey: true, mediaMs: 0, data: fragments[0] },
          { isKey: false, mediaMs: 40, data: fragments[1] },
          { isKey: true, mediaMs: 1000, data: fragments[2] },
          { isKey: false, mediaMs: 1040, data: fragments[3] },
        ],
      );
    }
  });

  it("can be moved in time, and nothing else of it changes", () => {
    const read = (octets: Uint8Array) => new Mp4Splitter().push(joinOctets(head, octets))[0]!;
    for (const isLong of [true, false]) {
      const { data, fragments } = read(fragment(512, 0, isLong));
      const moved = movedFragment(data, fragments, (id) => (id === 2 ? 12_800 : 48_000));
      assert.deepEqual(moved, joinOctets(read(moved).data));
      assert.deepEqual(
        read(moved).fragments.map(({ decodeTime }) => decodeTime),
        [48_000, 13_312],
      );
      assert.equal(moved.filter((octet, index) => octet !== data[index]).length > 0, true);
      assert.deepEqual(
        movedFragment(moved, read(moved).fragments, (id) => (id === 2 ? -12_800 : -48_000)),
        data,
      );
    }
  });

  it("that is none is refused", () => {
    assert.throws(() => new Mp4Splitter().push(joinOctets(uint32(4), ascii("moof"))), RangeError);
    assert.throws(() => new Mp4Splitter().push(joinOctets(uint32(0x7fffffff), ascii("mdat"))), RangeError);
    assert.throws(() => new Mp4Splitter().push(box("moov", uint32(99), ascii("trak"))), RangeError);
  });
});

describe("IVF", () => {
  const file = (...frames: { at: number; data: Uint8Array }[]): Uint8Array => {
    const head = Buffer.alloc(32);
    head.write("DKIF\0\0\x20\0VP80", "latin1");
    head.writeUInt16LE(640, 12);
    head.writeUInt16LE(360, 14);
    head.writeUInt32LE(25, 16);
    head.writeUInt32LE(1, 20);
    const parts = frames.map(({ at, data }) => {
      const frameHead = Buffer.alloc(12);
      frameHead.writeUInt32LE(data.length);
      frameHead.writeUInt32LE(at, 4);
      return joinOctets(frameHead, data);
    });
    return joinOctets(head, ...parts);
  };

  it("is read frame by frame", () => {
    const frames = [
      { at: 0, data: bytes(0x10, 1) },
      { at: 1, data: bytes(0x11) },
    ];
    const { fourcc, width, height, frames: read } = readIvf(file(...frames));
    assert.deepEqual([fourcc, width, height], ["VP80", 640, 360]);
    assert.deepEqual(
      read.map(({ mediaMs, data }) => [mediaMs, [...data], isVp8Key(data)]),
      [
        [0, [0x10, 1], true],
        [40, [0x11], false],
      ],
    );
  });

  it("that is none, or cut off, is refused", () => {
    assert.throws(() => readIvf(ascii("RIFF")), RangeError);
    const whole = file({ at: 0, data: bytes(1, 2, 3) });
    for (const length of [33, 43, whole.length - 1]) {
      assert.throws(() => readIvf(whole.subarray(0, length)), RangeError, `${length}`);
    }
  });
});

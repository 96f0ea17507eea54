import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RealtimePlatform } from "#src/realtime/server/index.js";
import { Ring, type RingLimits, SharedFrames } from "#src/realtime/server/ring.js";
import { type GroupFrame, jsonCodec, type SignalFrame } from "#src/realtime/wire/index.js";

const platform = { prepare: (data: string | Uint8Array) => ({ byteLength: data.length }) } as RealtimePlatform;
const otherCodec = { ...jsonCodec };

function shared(length: number): SharedFrames<SignalFrame> {
  return new SharedFrames<SignalFrame>([["s", 1, "x".repeat(length)]]);
}

function ring(limits: Partial<RingLimits<SignalFrame>> = {}): Ring<SignalFrame> {
  return new Ring<SignalFrame>({ maxBytes: 1000, maxFrames: Number.POSITIVE_INFINITY, ...limits });
}

describe("a ring", () => {
  it("keeps no more than its octets of what nobody encodes", () => {
    const silent = ring();
    for (let index = 0; index < 1000; index++) {
      silent.push(shared(100));
      silent.trim();
      assert.ok(silent.bytes <= 1000, `${String(silent.bytes)} octets are kept`);
    }
    assert.ok(silent.end - silent.start >= 2);
    assert.equal(silent.end, 1000);
    assert.equal(silent.frames, 1000);
    assert.equal(silent.at(silent.start)?.framesBefore, silent.start);
    assert.equal(silent.at(silent.start - 1), undefined);
    assert.equal(silent.at(silent.end), undefined);
  });

  it("counts what is encoded in two codecs as both", () => {
    const [one, two] = [ring(), ring()];
    for (let index = 0; index < 100; index++) {
      const [a, b] = [shared(90), shared(90)];
      one.push(a);
      two.push(b);
      for (const frames of [a, b]) frames.preparedFor(jsonCodec, platform);
      b.preparedFor(otherCodec, platform);
      for (const each of [one, two]) each.trim();
    }
    assert.equal(one.end - one.start, 10);
    assert.equal(two.end - two.start, 5);
  });

  it("counts what is encoded later, for who was slow", () => {
    const late = ring({ maxBytes: 1200 });
    for (let index = 0; index < 10; index++) {
      const frames = shared(100);
      frames.preparedFor(jsonCodec, platform);
      late.push(frames);
      late.trim();
    }
    assert.equal(late.start, 0);
    for (let place = 0; place < 10; place++) late.at(place)?.shared.preparedFor(otherCodec, platform);
    assert.ok(late.bytes <= 1200, `${String(late.bytes)} octets are kept`);
    assert.ok(late.end - late.start >= 5);
  });

  it("leaves what was pushed since to the subscribers that have not had their chance", () => {
    const busy = ring({ maxBytes: 10 });
    const items = [shared(100), shared(100), shared(100)];
    busy.push(shared(100));
    busy.trim();
    for (const frames of items) busy.push(frames);
    busy.at(0)?.shared.preparedFor(jsonCodec, platform);
    for (const frames of items) frames.preparedFor(jsonCodec, platform);
    assert.equal(busy.start, 0);
    busy.trim();
    assert.equal(busy.start, 3, "but for the newest");
  });

  it("counts payload where it is told to, and frames", () => {
    const media = new Ring<GroupFrame>({ maxBytes: 50, maxFrames: 4, bytesOf: ([, , , , data]) => data.length });
    for (let index = 0; index < 100; index++) {
      const frames = new SharedFrames<GroupFrame>([["g", 1, 1, index, new Uint8Array(20)]]);
      media.push(frames);
      for (const codec of [jsonCodec, otherCodec]) frames.preparedFor(codec, platform);
      media.trim();
    }
    assert.equal(media.end - media.start, 2);
    for (let index = 0; index < 100; index++) {
      media.push(new SharedFrames<GroupFrame>([["g", 1, 2, index, new Uint8Array(0)]]));
      media.trim();
    }
    assert.equal(media.end - media.start, 4);
  });

  it("looks at what it keeps no more often than it drops, however much that is", () => {
    let looks = 0;
    const large = ring({
      maxBytes: 10_000,
      bytesOf: () => {
        looks++;
        return 1;
      },
    });
    for (let index = 0; index < 30_000; index++) {
      large.push(shared(1));
      large.trim();
    }
    assert.equal(looks, 30_000);
    assert.equal(large.end - large.start, 10_000);
    assert.equal(large.at(20_000)?.framesBefore, 20_000);
    large.clear();
    assert.equal(large.bytes, 0);
    assert.equal(large.start, 30_000);
    large.push(shared(1));
    large.trim();
    assert.equal(large.bytes, 1);
  });
});

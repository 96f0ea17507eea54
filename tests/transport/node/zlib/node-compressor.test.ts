import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, createDeflateRaw, type DeflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import type { Compressor, OctetRange, TransformFailure } from "#src/protocol/extensions/index.js";
import { isFailure } from "#src/protocol/extensions/index.js";
import { NodeCompressor, nodeCompressor } from "#src/transport/node/zlib/index.js";
import { octetsIn } from "../../../support/compressors.js";
import { concat, hexOf, octets, utf8 } from "../../../support/octets.js";
import { plainInflate } from "../../../support/plain-inflate.js";
import { jsonSample, noise } from "../../../support/samples.js";

const maxBytes = 10_000_000;
const tail = octets("0000ffff");
const nothing: OctetRange = { bytes: octets(""), start: 0, end: 0 };

function rangeOf(bytes: Uint8Array): OctetRange {
  const framed = concat(utf8("<"), bytes, utf8(">"));
  return { bytes: framed, start: 1, end: framed.byteLength - 1 };
}

function deflated(message: Uint8Array, options: object = {}): Uint8Array {
  return Uint8Array.from(deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH, ...options })).slice(0, -4);
}

/** All the ways in which a message can be inflated. */
async function everyResult(
  compressor: Compressor,
  bytes: Uint8Array,
  history?: Uint8Array,
  limit: number = maxBytes,
  cut: number = bytes.byteLength >> 1,
): Promise<(OctetRange | TransformFailure)[]> {
  const { bytes: framed, start, end } = rangeOf(bytes);
  const earlier = history === undefined ? undefined : rangeOf(history);
  const atOnce = compressor.inflate(framed, start, end, earlier, limit);
  const copied = isFailure(atOnce) ? atOnce : { bytes: octetsIn(atOnce), start: 0, end: atOnce.end - atOnce.start };
  const inflation = compressor.inflateLater(earlier, limit);
  void inflation.push(framed, start, start + cut);
  await inflation.push(framed, start + cut, end);
  return [copied, await inflation.finish(nothing)];
}

async function assertInflates(
  compressor: Compressor,
  bytes: Uint8Array,
  message: Uint8Array,
  history?: Uint8Array,
  cut?: number,
): Promise<void> {
  for (const result of await everyResult(compressor, bytes, history, maxBytes, cut)) {
    assert.ok(!isFailure(result), JSON.stringify(result));
    assert.equal(hexOf(octetsIn(result)), hexOf(message));
  }
}

async function assertFails(compressor: Compressor, bytes: Uint8Array, failure: RegExp, limit?: number): Promise<void> {
  for (const result of await everyResult(compressor, bytes, undefined, limit)) {
    assert.ok(isFailure(result), hexOf(bytes));
    assert.match(result.failure, failure);
  }
}

function everythingIn(stream: DeflateRaw): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let piece = stream.read() as Uint8Array | null; piece !== null; piece = stream.read() as Uint8Array | null) {
    pieces.push(piece);
  }
  return concat(...pieces);
}

it("works by the handles on every Node that is tested", () => {
  assert.equal(nodeCompressor().by, "handles");
  assert.equal(nodeCompressor(), nodeCompressor());
  assert.equal(new NodeCompressor({ by: "documented" }).by, "documented");
});

it("deflates short messages in WebAssembly where it shall be fast, and says so", () => {
  const zlib = new NodeCompressor({ wasm: false });
  assert.ok(nodeCompressor().usesWasm);
  assert.ok(!zlib.usesWasm);
  const made = (compressor: Compressor, length: number, level: number): string =>
    hexOf(octetsIn(compressor.deflate(jsonSample(length, 1), 0, length, undefined, { windowBits: 12, level })));
  assert.notEqual(made(nodeCompressor(), 65_536, 3), made(zlib, 65_536, 3));
  assert.equal(made(nodeCompressor(), 65_537, 3), made(zlib, 65_537, 3));
  assert.equal(made(nodeCompressor(), 1000, 4), made(zlib, 1000, 4));
});

for (const by of ["handles", "documented"] as const) {
  const compressor = new NodeCompressor({ by, wasm: false });

  describe(`deflating by ${by}`, () => {
    for (const windowBits of [8, 9, 10, 12, 15]) {
      it(`refers back within a window of ${windowBits} bits, to octets of the message and before it`, async () => {
        const size = 2 ** windowBits;
        for (const seed of [1, 2, 3]) {
          const history = jsonSample(size, seed);
          // What repeats at every distance, and over and over.
          const message = concat(history.slice(0, 40), jsonSample(3 * size, seed), noise(size, 7), noise(size, 7));
          for (const level of [1, 3, 6, 9]) {
            const settings = { windowBits, level };
            const range = rangeOf(message);
            const call = [range.bytes, range.start, range.end, rangeOf(history), settings] as const;
            const atOnce = octetsIn(compressor.deflate(...call));
            const later = octetsIn(await compressor.deflateLater(...call));
            for (const bytes of [atOnce, later]) {
              const { bytes: found, maxDistance } = plainInflate(bytes, history);
              assert.equal(hexOf(found), hexOf(message));
              assert.ok(maxDistance > size / 4 && maxDistance <= size, `${maxDistance}`);
            }
          }
        }
      });
    }

    it("ends with a flush, whatever comes", () => {
      for (const message of [jsonSample(1000, 1), noise(1, 1), noise(300_000, 1), new Uint8Array(300_000)]) {
        const result = compressor.deflate(message, 0, message.byteLength, undefined, { windowBits: 15, level: 6 });
        const bytes = octetsIn(result);
        assert.equal(hexOf(bytes.slice(-4)), "0000ffff");
        assert.equal(hexOf(inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })), hexOf(message));
      }
    });

    it("makes as few octets with a history as zlib does with a dictionary", () => {
      const history = jsonSample(4096, 1);
      for (const level of [1, 3, 6]) {
        for (const seed of [2, 3, 4]) {
          const message = jsonSample(1000, seed);
          const settings = { windowBits: 12, level };
          const ours = compressor.deflate(message, 0, 1000, rangeOf(history), settings);
          const theirs = deflated(message, { ...settings, dictionary: history });
          assert.ok(ours.end - ours.start - 4 <= theirs.byteLength);
        }
      }
    });

    it("goes on with what zlib's own stream would have made, both ways and with every flush", async () => {
      const { Z_SYNC_FLUSH, Z_FULL_FLUSH } = constants;
      const piece = fc.record({
        length: fc.integer({ min: 1, max: 3000 }),
        seed: fc.nat(4),
        isNoise: fc.boolean(),
        flush: fc.constantFrom(Z_SYNC_FLUSH, Z_FULL_FLUSH),
      });
      const options = fc.record({
        windowBits: fc.integer({ min: 9, max: 15 }),
        level: fc.integer({ min: 0, max: 9 }),
        memLevel: fc.integer({ min: 1, max: 9 }),
        strategy: fc.integer({ min: 0, max: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), options, async (pieces, zlibOptions) => {
          const stream = createDeflateRaw(zlibOptions);
          let history: Uint8Array = new Uint8Array(0);
          for (const { length, seed, isNoise, flush } of pieces) {
            const message = isNoise ? noise(length, seed) : jsonSample(length, seed);
            stream.write(message);
            await new Promise<void>((resolve) => stream.flush(flush, resolve));
            const bytes = everythingIn(stream);
            assert.equal(hexOf(bytes.slice(-4)), "0000ffff");
            await assertInflates(compressor, bytes.slice(0, -4), message, history, (length % bytes.byteLength) >> 1);
            history = concat(history, message).slice(-(2 ** zlibOptions.windowBits));
          }
          stream.destroy();
        }),
        { numRuns: 40 },
      );
    });

    it("is as good as ever after its output was too much, or there was an error", async () => {
      compressor.deflate(noise(200_000, 1), 0, 200_000, undefined, { windowBits: 12, level: 3 });
      await assertFails(compressor, octets("ffffff"), /invalid/u);
      await assertInflates(compressor, deflated(jsonSample(1000, 1)), jsonSample(1000, 1));
    });

    it("counts its time", () => {
      const watched = new NodeCompressor({ by, wasm: false });
      assert.deepEqual([watched.deflateMs, watched.inflateMs, watched.jobsRunning, watched.jobsWaiting], [0, 0, 0, 0]);
      const range = watched.deflate(noise(10_000, 1), 0, 10_000, undefined, { windowBits: 12, level: 3 });
      watched.inflate(octetsIn(range), 0, range.end - 4, undefined, maxBytes);
      assert.ok(watched.deflateMs > 0);
      assert.ok(watched.inflateMs > 0);
    });
  });
}

const inflating = [{ by: "handles" }, { by: "documented" }, { by: "documented", dictionaries: false }] as const;
for (const kind of inflating) {
  const compressor = new NodeCompressor(kind);
  const by = "dictionaries" in kind ? "documented calls that heed no dictionaries" : kind.by;

  describe(`RFC 7692 §7.2.2 inflating by ${by}`, () => {
    it("reads stored, fixed and dynamic blocks, and many of them", async () => {
      const message = jsonSample(20_000, 1);
      const { Z_FIXED, Z_HUFFMAN_ONLY } = constants;
      const kinds = new Set<string>();
      for (const options of [{ level: 0 }, { strategy: Z_FIXED }, { strategy: Z_HUFFMAN_ONLY }, { memLevel: 1 }]) {
        const bytes = deflated(message, options);
        await assertInflates(compressor, bytes, message);
        for (const kind of plainInflate(concat(bytes, tail)).blocks) kinds.add(kind);
      }
      assert.deepEqual([...kinds].sort(), ["dynamic", "fixed", "stored"]);
    });

    it("reads on after a final block, which refers to what was before it", async () => {
      const [first, second, third] = [jsonSample(30_000, 1), jsonSample(5000, 2), jsonSample(700, 3)];
      const history = jsonSample(20_000, 4);
      const bytes = concat(
        deflateRawSync(first, { dictionary: history }),
        deflateRawSync(second, { dictionary: concat(history, first).slice(-32_768) }),
        deflated(third, { dictionary: concat(first, second).slice(-32_768) }),
      );
      for (const cut of [0, 1, 100, bytes.byteLength - 1, bytes.byteLength]) {
        await assertInflates(compressor, bytes, concat(first, second, third), history, cut);
      }
    });

    it("refers from every stream of a message to what was before the message", async () => {
      const history = noise(4096, 1);
      const pieces = [noise(500, 2), noise(500, 3), history.slice(0, 1000)];
      let earlier = history;
      const streams = pieces.map((piece, index) => {
        const finishFlush = index === 2 ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
        const bytes = deflateRawSync(piece, { dictionary: earlier, finishFlush });
        earlier = concat(earlier, piece);
        return bytes;
      });
      await assertInflates(compressor, concat(...streams).slice(0, -4), concat(...pieces), history);
    });

    it("reads a final block at every place where it can end the message (§7.2.3.4)", async () => {
      const hello = deflateRawSync(utf8("Hello"));
      const [first, second] = [deflateRawSync(utf8("Hel")), deflateRawSync(utf8("lo"))];
      await assertInflates(compressor, concat(hello, octets("00")), utf8("Hello"));
      await assertInflates(compressor, Uint8Array.from(hello), utf8("Hello"));
      await assertInflates(compressor, concat(first, second), utf8("Hello"), undefined, first.byteLength);
      await assertInflates(compressor, octets("000500faff48656c6c6f01"), utf8("Hello"));
    });

    it("reads 64 streams in a message, and no more", async () => {
      const stream = deflateRawSync(utf8("a"));
      const many = (count: number): Uint8Array => concat(...new Array<Uint8Array>(count).fill(stream), octets("00"));
      await assertInflates(compressor, many(63), utf8("a".repeat(63)));
      await assertFails(compressor, many(64), /too-many-deflate-streams/u);
    });

    it("fails with what is no deflate data", async () => {
      for (const hex of ["ff", "07", "0505", "f248cdc9c90700000000ffff00000000ff", "00050000004865", "edfd01"]) {
        await assertFails(compressor, octets(hex), /^compressed-data-/u);
      }
    });

    it("fails with a message that breaks off, wherever it does", async () => {
      const bytes = deflated(jsonSample(300, 1));
      for (let end = 1; end < bytes.byteLength; end++) {
        await assertFails(compressor, bytes.slice(0, end), /^compressed-data-/u);
      }
    });

    it("fails with what refers to octets that never were", async () => {
      const bytes = deflated(jsonSample(300, 1), { dictionary: jsonSample(300, 1) });
      await assertFails(compressor, bytes, /^compressed-data-invalid/u);
    });

    it("never throws on garbage", async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
          const [atOnce, later] = await everyResult(compressor, bytes);
          assert.equal(isFailure(atOnce!), isFailure(later!));
        }),
        { numRuns: 150 },
      );
    });

    it("stops at the limit", async () => {
      const message = jsonSample(1000, 1);
      const bytes = deflated(message);
      assert.ok((await everyResult(compressor, bytes, undefined, 1000)).every((result) => !isFailure(result)));
      await assertFails(compressor, bytes, /message-too-big/u, 999);
      await assertFails(compressor, bytes, /message-too-big/u, 0);
      const long = deflated(new Uint8Array(500_000));
      await assertFails(compressor, long, /message-too-big/u, 499_999);
      await assertFails(compressor, concat(deflateRawSync(message), bytes), /message-too-big/u, 1500);
    });

    it("inflates no more of a bomb than the limit and a chunk", async () => {
      const bomb = deflated(new Uint8Array(64 * 1024 * 1024), { level: 9 });
      const limit = 1024 * 1024;
      for (const result of await everyResult(compressor, bomb, undefined, limit)) {
        assert.ok(isFailure(result));
        assert.equal(result.failure, "message-too-big");
        assert.equal(result.limit, limit);
        assert.ok(result.observed! > limit && result.observed! <= limit + 128 * 1024, `${result.observed}`);
      }
    });
  });
}

describe("inflating on another thread", () => {
  it("inflates the rest and ends in one go, so that no more messages are long at a time than are worked on", async () => {
    const gate = new NodeCompressor({ maxJobs: 1 });
    const message = jsonSample(100_000, 1);
    const octetsOfIt = deflated(message);
    const finished: number[] = [];
    const results = [0, 1, 2].map(async (index) => {
      const inflation = gate.inflateLater(undefined, maxBytes);
      const result = await inflation.finish({ bytes: octetsOfIt, start: 0, end: octetsOfIt.byteLength });
      finished.push(index);
      assert.ok(!isFailure(result));
      assert.equal(hexOf(octetsIn(result)), hexOf(message));
      return inflation;
    });
    await results[0];
    assert.deepEqual(finished, [0]);
    await Promise.all(results);
  });

  it("fails, and never rejects, where zlib cannot be had", async () => {
    const inflation = compressor.inflateLater(undefined, maxBytes);
    // What is no octets at all makes the stream throw, as no memory would.
    const wrong = { byteLength: 5, subarray: () => ({ byteLength: 5 }) } as unknown as Uint8Array;
    assert.equal((await inflation.push(wrong, 0, 5))?.failure, "message-too-big");
    assert.ok(isFailure(await inflation.finish(nothing)));
    assert.equal(compressor.jobsRunning, 0);
  });

  const compressor = new NodeCompressor({ maxJobs: 1 });
  const bytes = deflated(jsonSample(5000, 1));

  it("knows what it holds", async () => {
    const inflation = compressor.inflateLater(undefined, maxBytes);
    assert.equal(inflation.heldBytes, 0);
    await inflation.push(bytes, 0, bytes.byteLength);
    assert.ok(inflation.heldBytes > 4000);
    await inflation.finish(nothing);
  });

  it("can be given up at any time", async () => {
    const unused = compressor.inflateLater(undefined, maxBytes);
    unused.abort();
    assert.ok(isFailure(await unused.finish(nothing)));

    const underWay = compressor.inflateLater(undefined, maxBytes);
    const pushed = underWay.push(bytes, 0, bytes.byteLength);
    await underWay.push(bytes, 0, 0);
    const again = underWay.push(bytes, 0, 10);
    underWay.abort();
    await pushed;
    assert.ok((await again) !== undefined);
    assert.ok(isFailure(await underWay.finish(nothing)));
    assert.equal(underWay.heldBytes, 0);
    assert.equal(compressor.jobsRunning, 0);
  });

  it("can be given up while zlib is at work", async () => {
    const bomb = deflated(new Uint8Array(20_000_000));
    const inflation = compressor.inflateLater(undefined, 100_000_000);
    const pushed = inflation.push(bomb, 0, bomb.byteLength);
    while (inflation.heldBytes === 0) await new Promise((resolve) => setImmediate(resolve));
    inflation.abort();
    assert.ok((await pushed) !== undefined);
    assert.equal(compressor.jobsRunning, 0);
  });

  it("does a job after the other where it may not do more at a time", async () => {
    const call = [jsonSample(100_000, 1), 0, 100_000, undefined, { windowBits: 15, level: 6 }] as const;
    const jobs = [1, 2, 3].map(() => compressor.deflateLater(...call));
    assert.equal(compressor.jobsRunning, 1);
    assert.equal(compressor.jobsWaiting, 2);
    await Promise.all(jobs);
    assert.equal(compressor.jobsRunning, 0);
  });

  it("takes the history as it was when it was asked", async () => {
    const history = jsonSample(4096, 1);
    const message = jsonSample(70_000, 1);
    const range = { bytes: history.slice(), start: 0, end: history.byteLength };
    const first = compressor.deflateLater(message, 0, message.byteLength, range, { windowBits: 12, level: 1 });
    const second = compressor.deflateLater(message, 0, message.byteLength, range, { windowBits: 12, level: 1 });
    range.bytes.fill(0);
    for (const result of [await first, await second]) {
      assert.equal(hexOf(plainInflate(octetsIn(result), history).bytes), hexOf(message));
    }
    const inflating = { bytes: history.slice(), start: 0, end: history.byteLength };
    const inflation = compressor.inflateLater(inflating, maxBytes);
    inflating.bytes.fill(0);
    const deflatedMessage = octetsIn(await second).slice(0, -4);
    await inflation.push(deflatedMessage, 0, deflatedMessage.byteLength);
    const result = await inflation.finish(nothing);
    assert.ok(!isFailure(result));
    assert.equal(hexOf(octetsIn(result)), hexOf(message));
  });
});

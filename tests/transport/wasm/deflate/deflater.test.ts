import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import type { OctetRange } from "#src/protocol/extensions/index.js";
import { loadDeflater, type WasmDeflater, type WebAssemblyApi } from "#src/transport/wasm/index.js";
import { octetsIn } from "../../../support/compressors.js";
import { concat, hexOf, utf8 } from "../../../support/octets.js";
import { type PlainInflated, plainInflate } from "../../../support/plain-inflate.js";
import { seededRandom } from "../../../support/random.js";
import { jsonSample, noise } from "../../../support/samples.js";

const maxMessageBytes = 65_536;
const everyWindow = [8, 9, 10, 11, 12, 13, 14, 15];
const none: Uint8Array = new Uint8Array(0);

function newDeflater(): WasmDeflater {
  const deflater = loadDeflater();
  assert.ok(deflater, "this runtime has no WebAssembly");
  return deflater;
}

const shared = newDeflater();

/** The octets with others around them that are none of its. */
function within(bytes: Uint8Array): OctetRange {
  return { bytes: concat(utf8("before"), bytes, utf8("behind")), start: 6, end: 6 + bytes.byteLength };
}

function deflated(message: Uint8Array, history: Uint8Array = none, windowBits = 15, deflater = shared): Uint8Array {
  const { bytes, start, end } = within(message);
  return octetsIn(deflater.deflate(bytes, start, end, within(history), windowBits));
}

/** Deflates, and judges by an inflater that is strict and by zlib. */
function travels(message: Uint8Array, history: Uint8Array = none, windowBits = 15, deflater = shared): PlainInflated {
  const bytes = deflated(message, history, windowBits, deflater);
  assert.equal(hexOf(bytes.slice(-4)), "0000ffff");
  const dictionary = history.slice(-(2 ** windowBits));
  const found = plainInflate(bytes, dictionary);
  assert.ok(Buffer.compare(found.bytes, message) === 0, "the octets that came out differ");
  assert.ok(found.maxDistance <= 2 ** windowBits, `${found.maxDistance}`);
  const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 15 };
  const byZlib = inflateRawSync(bytes, dictionary.byteLength > 0 ? { ...options, dictionary } : options);
  assert.ok(Buffer.compare(byZlib, message) === 0, "zlib disagrees");
  return found;
}

/** Octets of which some come often and some seldom, with pieces that have been there before. */
function mixture(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const bytes = new Uint8Array(length);
  const values = 1 + Math.floor(random() * 256);
  for (let at = 0; at < length; ) {
    const count = Math.min(length - at, 1 + Math.floor(random() ** 4 * 600));
    const distance = 1 + Math.floor(random() ** 2 * at);
    if (at > 0 && random() < 0.6) {
      for (let index = 0; index < count; index++) bytes[at + index] = bytes[at + index - distance]!;
    } else {
      for (let index = 0; index < count; index++) bytes[at + index] = random() ** 3 * values;
    }
    at += count;
  }
  return bytes;
}

describe("deflate in WebAssembly", () => {
  it("makes messages shorter, with and without a history", () => {
    const message = jsonSample(1000, 1);
    assert.ok(deflated(message).byteLength < 400);
    assert.ok(deflated(message, jsonSample(4096, 2)).byteLength < 300);
    assert.ok(deflated(message, message).byteLength < 20);
  });

  it("flushes an empty message", () => {
    assert.equal(hexOf(deflated(none)), "000000ffff");
    travels(none, jsonSample(1000, 1));
  });

  it("takes every length, up to the longest", () => {
    for (let length = 0; length <= 300; length++) {
      travels(jsonSample(300, 1).slice(0, length));
      travels(noise(length, length));
      travels(new Uint8Array(length).fill(7));
    }
    for (const length of [65_534, 65_535, maxMessageBytes]) {
      for (const message of [jsonSample(length, 1), noise(length, 1), new Uint8Array(length), mixture(length, 1)]) {
        travels(message, jsonSample(32_768, 1));
      }
    }
  });

  for (const windowBits of everyWindow) {
    it(`refers back within a window of ${windowBits} bits, and uses all of it`, () => {
      const size = 2 ** windowBits;
      const piece = noise(64, windowBits);
      const gap = noise(size - 64, 100 + windowBits);
      // What came a window before, in the message and in the history, and an octet further back.
      assert.equal(travels(concat(piece, gap, piece), none, windowBits).maxDistance, size);
      assert.equal(travels(piece, concat(piece, gap), windowBits).maxDistance, size);
      assert.equal(travels(concat(piece, noise(1, 1), gap, piece), none, windowBits).maxDistance, 0);
      assert.equal(travels(piece, concat(piece, noise(1, 1), gap), windowBits).maxDistance, 0);
    });
  }

  it("§3.2.5 refers to up to 258 octets at a time, and leaves no rest that is too short for a reference", () => {
    for (const length of [257, 258, 259, 260, 261, 262, 263, 515, 516, 517, 518, 519, 520, 521, 10_000]) {
      const { byteLength } = deflated(concat(utf8("a".repeat(length)), utf8("b")));
      travels(concat(utf8("a".repeat(length)), utf8("b")));
      assert.ok(byteLength < 60, `${byteLength}`);
      travels(noise(length, 1), noise(length, 1), 15);
    }
  });

  it("§3.2.3 takes the kind of block that is shortest", () => {
    assert.deepEqual(travels(noise(1000, 1)).blocks, ["stored", "stored"]);
    assert.deepEqual(travels(utf8("Hello")).blocks, ["fixed", "stored"]);
    assert.deepEqual(travels(jsonSample(1000, 1)).blocks, ["dynamic", "stored"]);
    assert.deepEqual(travels(noise(maxMessageBytes, 1)).blocks, ["stored", "stored", "stored"]);
    for (const message of [noise(1000, 1), noise(maxMessageBytes, 2)]) {
      assert.ok(deflated(message).byteLength <= message.byteLength + 15);
    }
  });

  it("§3.2.7 keeps codes within 15 bits where symbols differ as much as they can", () => {
    // Fibonacci's numbers give the deepest tree there is; noise between equal octets leaves no matches.
    for (const order of [1, -1]) {
      const pieces: Uint8Array[] = [];
      let [count, next] = [1, 1];
      for (let symbol = 0; count < 10_000; symbol++) {
        const octets = new Uint8Array(count).fill(order === 1 ? symbol : 255 - symbol);
        pieces.push(octets);
        [count, next] = [next, count + next];
      }
      const all = concat(...pieces);
      const random = seededRandom(1);
      for (let at = all.byteLength - 1; at > 0; at--) {
        const other = Math.floor(random() * (at + 1));
        [all[at], all[other]] = [all[other]!, all[at]!];
      }
      assert.ok(travels(all).blocks.includes("dynamic"));
    }
  });

  it("takes octets of every value, and any mixture, with any history and window", () => {
    travels(Uint8Array.from({ length: 1024 }, (_, index) => index));
    travels(
      concat(
        Uint8Array.from({ length: 256 }, (_, index) => index),
        new Uint8Array(9000),
      ),
    );
    const call = fc.record({
      seed: fc.nat(),
      length: fc.integer({ min: 0, max: 3000 }),
      historyLength: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.constant(32_768)),
      windowBits: fc.constantFrom(...everyWindow),
      repeats: fc.boolean(),
    });
    fc.assert(
      fc.property(call, ({ seed, length, historyLength, windowBits, repeats }) => {
        const all = mixture(historyLength + length, seed);
        const history = all.slice(0, historyLength);
        travels(repeats ? all.slice(historyLength) : mixture(length, seed + 1), history, windowBits);
      }),
      { numRuns: 150 },
    );
  });

  it("refers no further back than the beginning of the history, though its octets go on there", () => {
    const zeros = new Uint8Array(4096);
    for (const historyLength of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      travels(zeros.slice(0, 100), zeros.slice(0, historyLength), 8);
      travels(concat(zeros.slice(0, 3), utf8("abcdefgh"), zeros.slice(0, 8)), zeros.slice(0, historyLength));
    }
  });

  it("makes the same of a message whatever came before it", () => {
    const used = newDeflater();
    const call = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 3000 }));
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 4 }), (calls) => {
        for (const [seed, length, historyLength] of calls) {
          const [message, history] = [mixture(length, seed), mixture(historyLength, seed)];
          const fresh = hexOf(deflated(message, history, 15, newDeflater()));
          assert.equal(hexOf(deflated(message, history, 15, used)), fresh);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("does not choose by what an earlier message left behind the end of this one", () => {
    const nothing = "\0".repeat(8);
    for (const [piece, rest] of [
      ["abcdef", ""],
      ["abcdefghi", nothing],
    ] as const) {
      // Both are the same up to the end of the message; one goes on as what was there before.
      const history = utf8(`${piece}${rest}XXXXXXXX!`.padEnd(40, "-") + `${piece}${rest}YYYYYYYY!`);
      const [first, second] = ["XXXXXXXX", "YYYYYYYY"].map((left) => {
        deflated(utf8(piece + rest + left), history);
        return travels(utf8(piece), history).maxDistance;
      });
      assert.equal(first, second);
    }
  });

  it("finds five octets anywhere in the history", () => {
    const history = noise(100, 1);
    for (let at = 0; at < 90; at++) {
      const distance = history.byteLength - at;
      assert.equal(travels(concat(history.slice(at, at + 5), utf8("abc")), history).maxDistance, distance);
    }
  });

  it("leaves four octets as they are where a reference to them would be longer", () => {
    const between = noise(2000, 1);
    const message = utf8("0123xyz");
    assert.ok(travels(message, concat(utf8("0123"), between.slice(0, 1000))).maxDistance > 0);
    assert.equal(travels(message, concat(utf8("0123"), between)).maxDistance, 0);
    assert.ok(travels(message, concat(utf8("0123x"), between)).maxDistance > 0);
  });

  it("goes on for ever, though it numbers the messages, and the numbers are used again", () => {
    const deflater = newDeflater();
    const octets = noise(64, 1);
    // Enters every position, where a history enters every other one.
    deflated(octets, none, 15, deflater);
    for (let index = 1; index < 16_384; index++) deflater.deflate(octets, 0, 1, undefined, 15);
    const atOddPosition = octets.slice(33, 37);
    const message = concat(atOddPosition, utf8("abc"));
    assert.equal(hexOf(deflated(message, octets, 15, deflater)), hexOf(deflated(message, octets, 15, newDeflater())));
  });

  it("never lets an octet out that it was not given", () => {
    const deflater = newDeflater();
    deflated(new Uint8Array(maxMessageBytes).fill(0xee), new Uint8Array(32_768).fill(0xee), 15, deflater);
    for (let length = 0; length < 64; length++) {
      const message = new Uint8Array(length).fill(0xee);
      travels(message, message.slice(0, length >> 1), 15, deflater);
    }
    for (const [start, end] of [
      [0, 11],
      [-1, 5],
      [11, 11],
      [6, 5],
      [0, Number.NaN],
    ] as const) {
      assert.throws(() => deflater.deflate(noise(10, 1), start, end, undefined, 15), RangeError);
    }
    const long = new Uint8Array(maxMessageBytes + 1);
    assert.throws(() => deflater.deflate(long, 0, long.byteLength, undefined, 15), /more than 65536/u);
  });

  it("is not there without WebAssembly, or where it does not load", () => {
    const { WebAssembly: real } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
    const broken: WebAssemblyApi = {
      ...real,
      Memory: class {
        readonly buffer: ArrayBuffer;
        constructor() {
          throw new RangeError("no memory");
        }
      },
    };
    assert.equal(loadDeflater(broken), undefined);
    assert.ok(loadDeflater(real));
  });
});

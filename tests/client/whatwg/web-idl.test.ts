import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  toClampedUnsignedShort,
  toSendData,
  toStringOrSequence,
  toUnsignedShort,
  toUSVString,
} from "#src/client/whatwg/web-idl.js";

const throwing = { toString: () => assert.fail("asked"), valueOf: () => assert.fail("asked") };

describe("Web IDL §3.2 conversions", () => {
  it("make a USVString of anything but a symbol", () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [null, "null"],
      [undefined, "undefined"],
      [1.5, "1.5"],
      [1n, "1"],
      [["a", "b"], "a,b"],
      ["\ud800a\udc00", "\ufffda\ufffd"],
      ["\ud83d\ude00", "\ud83d\ude00"],
    ];
    for (const [given, expected] of cases) assert.equal(toUSVString(given), expected);
    assert.throws(() => toUSVString(Symbol("x")), TypeError);
    assert.throws(() => toUSVString(throwing), assert.AssertionError);
  });

  it("clamp to an unsigned short, a half to the even neighbor (§3.3.3)", () => {
    const cases: readonly (readonly [unknown, number])[] = [
      [undefined, 0],
      [null, 0],
      ["x", 0],
      ["3000", 3000],
      [true, 1],
      [-1, 0],
      [70_000, 65_535],
      [Number.POSITIVE_INFINITY, 65_535],
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [2.4, 2],
      [2.6, 3],
    ];
    for (const [given, expected] of cases) assert.equal(toClampedUnsignedShort(given), expected, String(given));
    assert.throws(() => toClampedUnsignedShort(1n), TypeError);
    assert.throws(() => toClampedUnsignedShort(Symbol("x")), TypeError);
  });

  it("go around for a plain unsigned short (§3.2.4.4)", () => {
    const cases: readonly (readonly [unknown, number])[] = [
      [65_536, 0],
      [65_537.9, 1],
      [-1, 65_535],
      [-0.5, 0],
      [Number.NaN, 0],
      [Number.NEGATIVE_INFINITY, 0],
    ];
    for (const [given, expected] of cases) assert.ok(Object.is(toUnsignedShort(given), expected), String(given));
  });

  it("take an object with an iterator for a sequence, and nothing else (§3.2.24)", () => {
    assert.equal(toStringOrSequence("ab"), "ab");
    assert.equal(toStringOrSequence({}), "[object Object]");
    assert.equal(toStringOrSequence(null), "null");
    assert.equal(toStringOrSequence({ [Symbol.iterator]: null, toString: () => "text" }), "text");
    assert.deepEqual(toStringOrSequence(["a", 1, null]), ["a", "1", "null"]);
    assert.deepEqual(toStringOrSequence(new Set(["a"])), ["a"]);
    assert.throws(() => toStringOrSequence({ [Symbol.iterator]: 1 }), TypeError);
    assert.throws(() => toStringOrSequence([Symbol("x")]), TypeError);
  });

  it("find octets, blobs and text to send (§3.2.24)", () => {
    const blob = new Blob(["x"]);
    const buffer = Uint8Array.of(1, 2, 3, 4).buffer;
    assert.equal(toSendData(blob), blob);
    assert.deepEqual(toSendData(buffer), Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual(toSendData(new DataView(buffer, 1, 2)), Uint8Array.of(2, 3));
    assert.equal(toSendData(5), "5");
    assert.equal(toSendData(new SharedArrayBuffer(1)), "[object SharedArrayBuffer]");
    assert.throws(() => toSendData(new Uint8Array(new SharedArrayBuffer(1))), TypeError);
    const resizable = Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]) as ArrayBuffer;
    assert.throws(() => toSendData(resizable), TypeError);
    assert.throws(() => toSendData(new Uint8Array(resizable)), TypeError);
    structuredClone(buffer, { transfer: [buffer] });
    assert.deepEqual(toSendData(buffer), new Uint8Array(0));
  });
});

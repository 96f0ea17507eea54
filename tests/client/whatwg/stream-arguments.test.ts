import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messageOf } from "#src/client/whatwg/outgoing-chunk.js";
import { toStreamOptions } from "#src/client/whatwg/stream-arguments.js";

describe("the options of a WebSocketStream", () => {
  it("are an object or nothing", () => {
    for (const value of [undefined, null, {}, () => undefined]) {
      assert.deepEqual(toStreamOptions(value), { protocols: [], signal: undefined });
    }
    for (const value of [true, 1, "x", 1n, Symbol("s")]) assert.throws(() => toStreamOptions(value), TypeError);
  });

  it("have protocols in a list of anything that makes a string", () => {
    assert.deepEqual(toStreamOptions({ protocols: new Set(["a", 1, "\udc00"]) }).protocols, ["a", "1", "\ufffd"]);
    for (const protocols of ["a", 1, null, {}]) assert.throws(() => toStreamOptions({ protocols }), TypeError);
    assert.throws(() => toStreamOptions({ protocols: [Symbol("s")] }), TypeError);
  });

  it("have an AbortSignal and nothing that looks like one", () => {
    const { signal } = new AbortController();
    assert.equal(toStreamOptions({ signal }).signal, signal);
    for (const value of [null, {}, new EventTarget()])
      assert.throws(() => toStreamOptions({ signal: value }), TypeError);
  });
});

describe("a chunk that is written", () => {
  it("is octets if it is a buffer or a view, and only the part that is seen", () => {
    const { buffer } = Uint8Array.of(1, 2, 3, 4);
    assert.deepEqual(messageOf(buffer, false), Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual(messageOf(new DataView(buffer, 1, 2), false), Uint8Array.of(2, 3));
    assert.deepEqual(messageOf(new Uint16Array(buffer, 2, 1), false), Uint8Array.of(3, 4));
  });

  it("is copied where it may be read later", () => {
    const octets = Uint8Array.of(1);
    const copy = messageOf(octets, true);
    octets[0] = 2;
    assert.deepEqual(copy, Uint8Array.of(1));
  });

  it("is a string in all other cases", () => {
    assert.equal(messageOf("a\ud800b", false), "a\ufffdb");
    assert.equal(messageOf(undefined, false), "undefined");
    assert.equal(messageOf({ toString: () => "x" }, false), "x");
    assert.throws(() => messageOf(Symbol("s"), false), TypeError);
    assert.throws(() => messageOf(Object.create(null), false), TypeError);
  });

  it("must not be shared or resizable memory, and nothing is left of what was transferred", () => {
    assert.throws(() => messageOf(new Uint8Array(new SharedArrayBuffer(1)), false), TypeError);
    const resizable: ArrayBuffer = Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]) as ArrayBuffer;
    assert.throws(() => messageOf(resizable, false), TypeError);
    assert.throws(() => messageOf(new Uint8Array(resizable), false), TypeError);
    const octets = Uint8Array.of(1);
    structuredClone(octets.buffer, { transfer: [octets.buffer] });
    assert.deepEqual(messageOf(octets, false), new Uint8Array(0));
    assert.deepEqual(messageOf(octets.buffer, false), new Uint8Array(0));
  });
});

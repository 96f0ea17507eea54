import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { octetsOf } from "#src/socket/octets.js";

describe("octets of what can be sent", () => {
  it("are those that a view shows, and no others, without a copy", () => {
    const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
    for (const view of [
      new Uint8Array(memory, 2, 4),
      new Uint16Array(memory, 2, 2),
      new DataView(memory, 2, 4),
      Buffer.from(memory, 2, 4),
      new Float32Array(memory.slice(2, 6)),
    ]) {
      assert.deepEqual([...octetsOf(view)], [3, 4, 5, 6]);
    }
    assert.equal(octetsOf(new DataView(memory)).buffer, memory);
  });

  it("are all of a buffer, shared or not, of this realm or another", () => {
    assert.deepEqual([...octetsOf(Uint8Array.of(1, 2).buffer)], [1, 2]);
    assert.equal(octetsOf(new SharedArrayBuffer(3)).byteLength, 3);
    assert.equal(octetsOf(runInNewContext("new ArrayBuffer(5)") as ArrayBuffer).byteLength, 5);
  });

  it("are none of a number, an array or anything else: what it measured would be memory of others", () => {
    for (const wrong of [16, [1, 2], { length: 4 }, null, undefined, true, new Blob(["a"]), () => undefined]) {
      assert.throws(() => octetsOf(wrong as unknown as Uint8Array), { name: "UsageError", code: "invalid-argument" });
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { constants } from "node:zlib";
import { RawHandle } from "#src/transport/node/zlib/raw-handle.js";
import { hexOf, octets } from "../../../support/octets.js";

describe("a zlib handle", () => {
  it("inflates, tells what was left, and begins anew", () => {
    const handle = RawHandle.open("inflate", {});
    assert.ok(handle !== undefined);
    const output = new Uint8Array(8);
    const hello = octets("f3 48 cd c9 c9 07 00 aa bb");
    for (let round = 0; round < 2; round++) {
      handle.write(constants.Z_NO_FLUSH, hello, 0, hello.byteLength, output, 1);
      assert.equal(hexOf(output), "0048656c6c6f0000");
      assert.equal(handle.outputLeft, 2);
      assert.equal(handle.inputLeft, 2);
      assert.ok(!handle.hasFailed);
      handle.reset();
      handle.write(constants.Z_NO_FLUSH, octets("ff"), 0, 1, output, 1);
      assert.ok(handle.hasFailed);
      handle.reset();
      assert.ok(!handle.hasFailed);
    }
  });

  it("deflates at the level that was set last", () => {
    const handle = RawHandle.open("deflate", { level: 6 });
    assert.ok(handle !== undefined);
    const output = new Uint8Array(1000);
    const lengths = [6, 0, 9].map((level) => {
      handle.reset();
      handle.setLevel(level);
      handle.write(constants.Z_SYNC_FLUSH, new Uint8Array(500), 0, 500, output, 0);
      return output.byteLength - handle.outputLeft;
    });
    assert.ok(lengths[0]! < 20);
    assert.ok(lengths[1]! > 500);
    assert.ok(lengths[2]! < 20);
  });

  it("throws where the native code would end the process: for octets that are not there, or not any more", () => {
    const handle = RawHandle.open("inflate", {});
    assert.ok(handle !== undefined);
    const write = (input: Uint8Array, at: number, length: number, outputAt = 0): void =>
      handle.write(constants.Z_NO_FLUSH, input, at, length, new Uint8Array(10), outputAt);
    const input = octets("f3 48 cd c9 c9 07 00");
    for (const [at, length] of [
      [0, 8],
      [3, 5],
      [-1, 3],
      [3, -1],
    ] as const) {
      assert.throws(() => write(input, at, length), RangeError);
    }
    assert.throws(() => write(input, 0, 7, 11), RangeError);
    const transferred = octets("f3 48 cd c9 c9 07 00");
    structuredClone(transferred.buffer, { transfer: [transferred.buffer as ArrayBuffer] });
    assert.throws(() => write(transferred, 0, 7), RangeError);
    write(input, 0, 7, 1);
    assert.ok(!handle.hasFailed);
  });

  it("is held by what owns it", () => {
    assert.ok(RawHandle.open("deflate", {})?.stream !== undefined);
  });
});

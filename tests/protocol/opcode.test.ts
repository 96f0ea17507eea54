import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Opcode } from "#src/protocol/opcode.js";

describe("§11.8 the opcodes", () => {
  it("are those of the registry", () => {
    assert.deepEqual(Opcode, { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 });
  });
});

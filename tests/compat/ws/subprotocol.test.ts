import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { subprotocol } from "#src/compat/ws/subprotocol.js";

describe("subprotocol in the shape of ws", () => {
  const { parse } = subprotocol;

  it("reads a list in its order", () => {
    assert.deepEqual([...parse("foo , bar\t,\tbaz")], ["foo", "bar", "baz"]);
  });

  it("tells where a header goes wrong", () => {
    const positions: [header: string, position: number][] = [
      [",", 0],
      ["foo,,", 4],
      ["foo,  ,", 6],
      ["f oo", 2],
      ["f@o", 1],
      ["foo,b@r", 5],
    ];
    for (const [header, position] of positions) {
      const message = `Unexpected character at index ${position}`;
      assert.throws(() => parse(header), { name: "SyntaxError", message }, header);
    }
    for (const header of ["", "foo,", "foo,bar,  "]) {
      assert.throws(() => parse(header), { name: "SyntaxError", message: "Unexpected end of input" }, header);
    }
    assert.throws(() => parse("foo,bar,foo"), { message: 'The "foo" subprotocol is duplicated' });
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { extension } from "#src/compat/ws/extension.js";

describe("extension in the shape of ws", () => {
  it("reads extensions and parameters, repeated ones and quoted ones, into objects without prototypes", () => {
    const { parse } = extension;
    const parsed = parse('foo; bar\t;baz="1" ; bar=2, qux, foo; constructor');
    assert.equal(Object.getPrototypeOf(parsed), null);
    assert.equal(Object.getPrototypeOf(parsed["qux"]?.[0]), null);
    assert.equal(JSON.stringify(parsed), '{"foo":[{"bar":[true,"2"],"baz":["1"]},{"constructor":[true]}],"qux":[{}]}');
  });

  it("tells where a header goes wrong", () => {
    const wrong = (header: string, position: number): void =>
      assert.throws(() => extension.parse(header), {
        name: "SyntaxError",
        message: `Unexpected character at index ${position}`,
      });
    wrong("f@o", 1);
    wrong("foo;=", 4);
    wrong('foo;bar="baz"qux', 13);
    for (const header of ["", "foo;", 'foo;bar="baz', "foo;bar="]) {
      assert.throws(() => extension.parse(header), { name: "SyntaxError", message: "Unexpected end of input" });
    }
  });

  it("writes what it reads", () => {
    assert.equal(
      extension.format({ foo: [{}, { baz: true }], bar: { qux: [true, 2] } }),
      "foo, foo; baz, bar; qux; qux=2",
    );
    const header = "permessage-deflate; client_max_window_bits; server_max_window_bits=10";
    assert.equal(extension.format(extension.parse(header)), header);
  });
});

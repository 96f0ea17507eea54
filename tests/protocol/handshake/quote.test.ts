import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { quote } from "#src/protocol/handshake/quote.js";

describe("quoting a peer's text", () => {
  it("leaves plain text as it is", () => {
    assert.equal(quote("h2c, foo/1"), '"h2c, foo/1"');
  });

  it("escapes control characters, quotation marks, backslashes and everything beyond ASCII", () => {
    assert.equal(quote('\u001b[2J"\\\u009b\u202e'), '"\\u001b[2J\\u0022\\u005c\\u009b\\u202e"');
  });

  it("cuts long text and tells how long it was", () => {
    assert.equal(quote("x".repeat(64)), `"${"x".repeat(64)}"`);
    assert.equal(quote("x".repeat(65)), `"${"x".repeat(64)}"… (65 characters)`);
  });

  it("never lets a control character through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.match(quote(text), /^"[ -~]*"(?:… \(\d+ characters\))?$/);
      }),
    );
  });
});

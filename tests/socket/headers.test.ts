import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rawHeadersOf } from "#src/socket/index.js";

describe("headers as applications give them", () => {
  it("may be an object, pairs or Headers, or none at all", () => {
    const expected = ["authorization", "Bearer x", "cookie", "a=1"];
    assert.deepEqual(rawHeadersOf({ Authorization: "Bearer x", Cookie: "a=1" }), expected);
    assert.deepEqual(
      rawHeadersOf([
        ["Cookie", "a=1"],
        ["Authorization", "Bearer x"],
      ]),
      expected,
    );
    assert.deepEqual(rawHeadersOf(new Headers({ Authorization: "Bearer x", Cookie: "a=1" })), expected);
    assert.deepEqual(rawHeadersOf(undefined), []);
  });

  it("keep each cookie that is set on a line of its own", () => {
    const headers = new Headers();
    headers.append("Set-Cookie", "a=1; Path=/");
    headers.append("Set-Cookie", "b=2, c");
    assert.deepEqual(rawHeadersOf(headers), ["set-cookie", "a=1; Path=/", "set-cookie", "b=2, c"]);
  });

  it("cannot smuggle in a line of their own", () => {
    for (const value of ["a\r\nX-Injected: 1", "a\nb", "a\0b"]) {
      assert.throws(() => rawHeadersOf({ "X-Header": value }), TypeError);
    }
    assert.throws(() => rawHeadersOf({ "X Header": "a" }), TypeError);
  });
});

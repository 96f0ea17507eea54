import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bearerToken, cookie, cookies, protocolToken } from "#src/index.js";

const withHeaders = (...lines: readonly [string, string][]): { headers: Headers } => {
  const headers = new Headers();
  for (const [name, value] of lines) headers.append(name, value);
  return { headers };
};

describe("RFC 6750 §2.1 a bearer token", () => {
  it("is what stands behind the scheme, in any case", () => {
    for (const value of ["Bearer abc.DEF-123_~+/=", "bearer abc.DEF-123_~+/=", "BEARER   abc.DEF-123_~+/="]) {
      assert.equal(bearerToken(withHeaders(["Authorization", value])), "abc.DEF-123_~+/=");
    }
  });

  it("is not there without a header, with another scheme, twice, or where it is no token", () => {
    assert.equal(bearerToken(withHeaders()), undefined);
    for (const value of [
      "Basic YTpi",
      "Bearer",
      "Bearer ",
      "Bearera",
      "Bearer a b",
      "Bearer a,b",
      "Bearer é",
      "Bearer =",
      "x Bearer a",
      "Bearer a=b",
      "Bearer\ta",
    ]) {
      assert.equal(bearerToken(withHeaders(["Authorization", value])), undefined, value);
    }
    assert.equal(bearerToken(withHeaders(["Authorization", "Bearer a"], ["Authorization", "Bearer b"])), undefined);
  });

  it("takes time in proportion to the length", () => {
    for (const piece of [" ", "a", "=", "a=", "Bearer "]) {
      bearerToken(withHeaders(["Authorization", `Bearer ${piece.repeat(100_000)}!`]));
    }
  });
});

describe("RFC 6265 §4.2.1 cookies", () => {
  it("have a name and a value, which stays as it is but for quotes around it", () => {
    const request = withHeaders(["Cookie", 'a=1; b="2"; empty=; d=e%20f=g;h=i']);
    assert.deepEqual(
      [...cookies(request)],
      [
        ["a", "1"],
        ["b", "2"],
        ["empty", ""],
        ["d", "e%20f=g"],
        ["h", "i"],
      ],
    );
    assert.equal(cookie(request, "b"), "2");
    assert.equal(cookie(request, "none"), undefined);
    assert.deepEqual([...cookies(withHeaders())], []);
  });

  it("may come in several lines, and the first of a name counts", () => {
    const request = withHeaders(["Cookie", "a=1; b=2"], ["Cookie", "a=3; c=4"]);
    assert.deepEqual(
      [...cookies(request)],
      [
        ["a", "1"],
        ["b", "2"],
        ["c", "4"],
      ],
    );
  });

  it("that are malformed are left out", () => {
    const request = withHeaders(["Cookie", 'a; =b; c d=e; f=g h; i="j; k=l,m; n=o\\p; q=é; ok=1; "r"=s; \xa0t=u']);
    assert.deepEqual([...cookies(request)], [["ok", "1"]]);
  });

  it("do not meet the prototype", () => {
    assert.equal(cookie(withHeaders(["Cookie", "a=1"]), "constructor"), undefined);
    assert.equal(cookie(withHeaders(["Cookie", "__proto__=1"]), "__proto__"), "1");
  });

  it("are read back as they were written", () => {
    const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
    const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,12}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 6 }), (pairs) => {
        const header = pairs.map(([key, text]) => `${key}=${text}`).join("; ");
        assert.deepEqual([...cookies(withHeaders(["Cookie", header]))], pairs);
      }),
    );
  });
});

describe("a token among the subprotocols", () => {
  it("is told with the protocol to answer with", () => {
    assert.deepEqual(protocolToken({ protocols: ["chat.v1", "bearer.abc", "chat.v2"] }), {
      token: "abc",
      protocol: "chat.v1",
    });
    assert.deepEqual(protocolToken({ protocols: ["bearer.abc", "chat.v1"] }), { token: "abc", protocol: "chat.v1" });
    assert.deepEqual(protocolToken({ protocols: ["auth-x", "v1"] }, "auth-"), { token: "x", protocol: "v1" });
  });

  it("leaves nothing to answer with where it is alone", () => {
    assert.deepEqual(protocolToken({ protocols: ["bearer.abc"] }), { token: "abc", protocol: undefined });
  });

  it("is not there where none is, an empty one, or two", () => {
    for (const protocols of [
      [],
      ["chat"],
      ["bearer."],
      ["Bearer.a"],
      ["bearer.a", "bearer.b"],
      ["bearer.", "bearer.a"],
    ]) {
      assert.equal(protocolToken({ protocols }), undefined, protocols.join());
    }
  });
});

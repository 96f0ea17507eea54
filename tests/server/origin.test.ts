import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { OriginsOption } from "#src/server/index.js";
import { isSameOrigin, listsOrigin, resolveOrigins } from "#src/server/origin.js";

describe("RFC 6454 §5 the same origin", () => {
  for (const [origin, isSecure, host] of [
    ["http://localhost:8080", false, "localhost:8080"],
    ["http://example.com", false, "example.com"],
    ["http://example.com", false, "example.com:80"],
    ["http://example.com", false, "example.com:"],
    ["http://example.com:80", false, "example.com"],
    ["https://example.com", true, "example.com"],
    ["https://example.com", true, "example.com:443"],
    ["https://example.com:8443", true, "example.com:8443"],
    ["http://example.com", false, "EXAMPLE.com"],
    ["http://[::1]:8080", false, "[::1]:8080"],
    ["https://[2001:db8::1]", true, "[2001:DB8::1]:443"],
    ["http://xn--bcher-kva.example", false, "xn--bcher-kva.example"],
  ] as const) {
    it(`is ${origin} for ${host} ${isSecure ? "with" : "without"} TLS`, () => {
      assert.equal(isSameOrigin(origin, isSecure, host), true);
    });
  }

  for (const [why, origin, isSecure, host] of [
    ["another host", "http://evil.example", false, "example.com"],
    ["another port", "http://localhost:3000", false, "localhost:8080"],
    ["the default port of the other scheme", "http://example.com", false, "example.com:443"],
    ["a page without TLS for a server with it", "http://example.com", true, "example.com"],
    ["a page with TLS for a server without it", "https://example.com", false, "example.com"],
    ["a name that ends in ours", "http://notexample.com", false, "example.com"],
    ["a name that begins with ours", "http://example.com.evil.example", false, "example.com"],
    ["a subdomain", "http://a.example.com", false, "example.com"],
    ["a user name", "http://example.com@evil.example", false, "evil.example"],
    ["a path", "http://example.com/", false, "example.com"],
    ["no origin at all", "null", false, "null"],
    ["nothing", "", false, "example.com"],
    ["a scheme alone", "http://", false, "example.com"],
    ["an extension of the browser", "chrome-extension://example.com", false, "example.com"],
    ["a file", "file://", false, "example.com"],
    ["two origins", "http://example.com http://evil.example", false, "example.com"],
  ] as const) {
    it(`is not ${why}`, () => {
      assert.equal(isSameOrigin(origin, isSecure, host), false);
    });
  }

  it("is what the URL standard says it is", () => {
    const authority = fc.tuple(
      fc.constantFrom("a.example", "A.example", "b.example", "[::1]", "127.0.0.1"),
      fc.constantFrom("", ":80", ":443", ":8080"),
    );
    fc.assert(
      fc.property(authority, authority, fc.boolean(), fc.boolean(), (theirs, ours, isPageSecure, isSecure) => {
        const { origin } = new URL(`${isPageSecure ? "https" : "http"}://${theirs.join("")}`);
        const own = new URL(`${isSecure ? "https" : "http"}://${ours.join("")}`);
        assert.equal(isSameOrigin(origin, isSecure, ours.join("")), origin === own.origin);
      }),
    );
  });
});

describe("a list of origins", () => {
  const listed = (origins: OriginsOption, origin: string): boolean => {
    const rule = resolveOrigins(origins);
    assert.equal(rule.kind, "list");
    return rule.kind === "list" && listsOrigin(rule.origins, origin);
  };

  it("has what it lists, whatever the case and whether a default port is written", () => {
    const origins = [
      "https://App.example",
      "http://localhost:3000",
      "https://a.example:443",
      "capacitor://localhost",
      "file://",
      "null",
    ];
    for (const origin of [
      "https://app.example",
      "https://app.example:443",
      "http://localhost:3000",
      "https://a.example",
    ]) {
      assert.equal(listed(origins, origin), true, origin);
    }
    assert.equal(listed(origins, "capacitor://localhost"), true);
    assert.equal(listed(origins, "null"), true);
    assert.equal(listed(origins, "file://"), true);
    for (const origin of ["http://app.example", "https://app.example:8443", "http://localhost", "", "https://"]) {
      assert.equal(listed(origins, origin), false, origin);
    }
    assert.equal(listed(["https://app.example"], "null"), false);
    assert.equal(listed([], "https://app.example"), false);
  });

  it("is refused where an entry would match nothing", () => {
    for (const entry of [
      "*",
      "wss://app.example",
      "ws://localhost:1",
      "https://*.example",
      "app.example",
      "https://app.example/",
      "https://",
      "://a",
      "",
      5,
      null,
    ]) {
      assert.throws(() => resolveOrigins([entry as string]), { code: "invalid-argument" }, String(entry));
    }
    for (const option of ["https://app.example", {}, 5, null, true]) {
      assert.throws(() => resolveOrigins(option as OriginsOption), { code: "invalid-argument" }, typeof option);
    }
  });
});

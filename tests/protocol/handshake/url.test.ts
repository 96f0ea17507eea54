import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  checkAddress,
  isHost,
  isResourceName,
  isSameAuthority,
  parseAuthority,
  parseRequestTarget,
  webSocketAddress,
} from "#src/protocol/handshake/url.js";

describe("RFC 3986 §3.2 hosts and ports", () => {
  it("are names, addresses and bracketed addresses, with or without a port", () => {
    const examples: [string, string, number | undefined][] = [
      ["example.com", "example.com", undefined],
      ["example.com:8080", "example.com", 8080],
      ["example.com:", "example.com", undefined],
      ["localhost:0", "localhost", 0],
      ["127.0.0.1:65535", "127.0.0.1", 65_535],
      ["[::1]", "[::1]", undefined],
      ["[::1]:9000", "[::1]", 9000],
      ["[fe80::1%25en0]", "[fe80::1%25en0]", undefined],
      ["under_score.example", "under_score.example", undefined],
    ];
    for (const [text, host, port] of examples) assert.deepEqual(parseAuthority(text), { host, port }, text);
  });

  for (const text of [
    "",
    ":80",
    "a b",
    "a:b",
    "a:80:80",
    "a:65536",
    "a:-1",
    "a:99999999999999999999",
    "user@a",
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    "[]",
    "[::1",
    "::1",
    "[::1]x",
    "[::1]x:80",
    "[a/b]",
    "é.example",
    "a\r\nb",
    "a\0",
  ]) {
    it(`are not ${JSON.stringify(text)}`, () => {
      assert.equal(parseAuthority(text), undefined);
    });
  }

  it("are the same in any case, and with the default port or without", () => {
    const same = (one: string, other: string): boolean => {
      const [first, second] = [parseAuthority(one), parseAuthority(other)];
      assert.ok(first !== undefined && second !== undefined);
      return isSameAuthority(first, second, 80);
    };
    assert.equal(same("Example.com", "example.COM:80"), true);
    assert.equal(same("example.com:80", "example.com"), true);
    assert.equal(same("example.com", "example.com:81"), false);
    assert.equal(same("example.com", "example.org"), false);
  });

  it("never throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("[", "]", ":", "a", "1", "@") })), (text) => {
        const authority = parseAuthority(text);
        if (authority !== undefined) assert.equal(isHost(authority.host), true);
      }),
    );
  });
});

describe("§3 resource names", () => {
  it("are a path and perhaps a query", () => {
    for (const name of ["/", "/chat", "/chat?a=b&c", "/a/../b", "//double", "/%23", "/a|b"]) {
      assert.equal(isResourceName(name), true, name);
    }
  });

  it("have no fragment, no space, no control character and nothing beyond ASCII", () => {
    for (const name of ["", "chat", "?a", "*", "/a#b", "/a b", "/a\r\nb", "/a\0", "/é", "/\x7f"]) {
      assert.equal(isResourceName(name), false, name);
    }
  });
});

describe("§4.2.1 the Request-URI", () => {
  it("is a resource name", () => {
    assert.equal(parseRequestTarget("/chat?a=b")?.resourceName, "/chat?a=b");
    assert.equal(parseRequestTarget("/chat")?.authority, undefined);
    assert.equal(parseRequestTarget("//evil.example/chat")?.resourceName, "//evil.example/chat");
  });

  it("or an absolute http or https URI that contains one", () => {
    const examples: [string, string, string, number | undefined, number][] = [
      ["http://a.example/chat?x=1", "/chat?x=1", "a.example", undefined, 80],
      ["HTTPS://a.example:8443/chat", "/chat", "a.example", 8443, 443],
      ["http://a.example", "/", "a.example", undefined, 80],
      ["http://a.example?x=/1", "/?x=/1", "a.example", undefined, 80],
      ["http://[::1]:80/", "/", "[::1]", 80, 80],
    ];
    for (const [target, resourceName, host, port, defaultPort] of examples) {
      assert.deepEqual(parseRequestTarget(target), { resourceName, authority: { host, port }, defaultPort }, target);
    }
  });

  for (const target of [
    "",
    "*",
    "chat",
    "a.example:80",
    "ws://a.example/",
    "ftp://a.example/",
    "http:/chat",
    "http://",
    "http:///chat",
    "http://user@a.example/",
    "http://a.example/a b",
    "http://a.example/#top",
    "/a#b",
    "/a b",
  ]) {
    it(`is not ${JSON.stringify(target)}`, () => {
      assert.equal(parseRequestTarget(target), undefined);
    });
  }
});

describe("§3 the URL of a WebSocket", () => {
  it("gives host, port, resource name and the secure flag", () => {
    const examples: [string, boolean, string, number, string][] = [
      ["ws://example.com", false, "example.com", 80, "/"],
      ["wss://example.com/chat", true, "example.com", 443, "/chat"],
      ["ws://example.com:8080/chat?room=1", false, "example.com", 8080, "/chat?room=1"],
      ["ws://[::1]:9000/", false, "[::1]", 9000, "/"],
      ["http://example.com/", false, "example.com", 80, "/"],
      ["https://example.com/", true, "example.com", 443, "/"],
      ["WSS://EXAMPLE.com?q", true, "example.com", 443, "/?q"],
    ];
    for (const [url, secure, host, port, target] of examples) {
      assert.deepEqual(webSocketAddress(new URL(url)), { secure, host, port, target }, url);
    }
  });

  it("takes an empty path for /", () => {
    const components = { ...bare("ws://a"), hostname: "a", search: "?q" };
    assert.deepEqual(webSocketAddress(components), { secure: false, host: "a", port: 80, target: "/?q" });
  });

  function bare(href: string): Parameters<typeof webSocketAddress>[0] {
    return { href, protocol: "ws:", username: "", password: "", hostname: "", port: "", pathname: "", search: "" };
  }

  it("is refused with a fragment, even an empty one", () => {
    for (const url of ["ws://example.com/#top", "ws://example.com/#"]) {
      assert.throws(() => webSocketAddress(new URL(url)), { name: "UsageError", code: "url-invalid" }, url);
    }
  });

  it("is refused with another scheme", () => {
    for (const url of ["ftp://example.com/", "file:///etc", "data:,x", "mailto:a@b.example"]) {
      assert.throws(() => webSocketAddress(new URL(url)), { name: "UsageError", code: "url-invalid" }, url);
    }
  });

  it("is refused with a user name or a password, which the error does not repeat", () => {
    for (const url of ["ws://ada@example.com/", "ws://:secret@example.com/", "ws://ada:secret@example.com/"]) {
      assert.throws(
        () => webSocketAddress(new URL(url)),
        (error: Error & { code?: unknown }) => {
          assert.equal(error.code, "url-invalid");
          assert.doesNotMatch(error.message, /ada|secret/);
          return true;
        },
      );
    }
  });

  it("is refused with components that cannot be", () => {
    const address = { secure: false, host: "a.example", port: 80, target: "/" };
    checkAddress(address);
    for (const wrong of [
      { host: "" },
      { host: "a b" },
      { host: "a\r\nb" },
      { host: "::1" },
      { port: 0 },
      { port: 65_536 },
      { port: 1.5 },
      { port: Number.NaN },
      { target: "" },
      { target: "chat" },
      { target: "/a#b" },
      { target: "/ HTTP/1.1\r\nX: y" },
    ]) {
      assert.throws(() => checkAddress({ ...address, ...wrong }), { name: "UsageError", code: "url-invalid" });
    }
  });
});

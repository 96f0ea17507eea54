import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "#src/protocol/index.js";
import { parseProxy } from "#src/transport/node/dialing/proxy.js";

describe("the URL of a proxy", () => {
  it("is that of an HTTP proxy, with or without TLS", () => {
    const plain = parseProxy("http://Proxy.Example:3128", "proxy");
    assert.deepEqual(plain, {
      kind: "http",
      host: "proxy.example",
      port: 3128,
      name: "http://proxy.example:3128",
      secure: false,
      authorization: undefined,
      headers: [],
      tls: {},
    });
    const secure = parseProxy(new URL("https://[::1]/"), "proxy");
    assert.ok(secure.kind === "http");
    assert.deepEqual([secure.secure, secure.host, secure.port, secure.name], [true, "::1", 443, "https://[::1]:443"]);
    assert.equal(parseProxy("http://a", "proxy").port, 80);
  });

  it("is that of a SOCKS server, which looks names up for socks5h", () => {
    const local = parseProxy("socks5://Proxy.example", "proxy");
    assert.deepEqual(local, {
      kind: "socks",
      host: "proxy.example",
      port: 1080,
      name: "socks5://proxy.example:1080",
      looksUp: false,
      credentials: undefined,
    });
    const remote = parseProxy("socks5h://u:p%40ss@[2001:db8::1]:9", "proxy");
    assert.ok(remote.kind === "socks");
    assert.deepEqual([remote.looksUp, remote.host, remote.port], [true, "2001:db8::1", 9]);
    assert.deepEqual(remote.credentials, { username: "u", password: "p@ss" });
    assert.equal(remote.name, "socks5h://[2001:db8::1]:9");
  });

  it("carries user name and password, percent-encoded, in UTF-8 (RFC 7617)", () => {
    const authorizationOf = (url: string): string => {
      const proxy = parseProxy(url, "proxy");
      assert.ok(proxy.kind === "http" && proxy.authorization !== undefined);
      return Buffer.from(proxy.authorization.replace("Basic ", ""), "base64").toString();
    };
    assert.equal(authorizationOf("http://user:pass@a"), "user:pass");
    assert.equal(authorizationOf("http://us%20er:p%3Aa%40ss@a"), "us er:p:a@ss");
    assert.equal(authorizationOf("http://ü:é@a"), "ü:é");
    assert.equal(authorizationOf("http://user@a"), "user:");
    assert.equal(authorizationOf("http://:pass@a"), ":pass");
  });

  it("is refused where it makes no sense, without showing what may be a password", () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ["secret", /not the URL/],
      ["secret:3128", /scheme/],
      ["socks4://secret@a", /scheme must be http, https, socks5 or socks5h: got "socks4"/],
      ["socks://secret@a", /scheme/],
      ["ftp://secret@a", /scheme/],
      ["ws://secret@a", /scheme/],
      ["http://secret@a/path", /path/],
      ["http://secret@a/?q", /query/],
      ["http://secret@a/#f", /query/],
      ["http://a:0", /port/],
      ["socks5://", /host/],
      ["socks5://secret%20secret", /host/],
      ["http://secret:%ff@a", /percent-encoded/],
      ["socks5://secret:%zz@a", /percent-encoded/],
      ["http://secret%3a:x@a", /colon/],
      ["http://secret:%0d%0aX-Injected:@a", /control/],
      ["http://secret%00:x@a", /control/],
      ["socks5://secret@a", /password/],
      [`socks5://${"secret".repeat(50)}:x@a`, /username/],
    ];
    for (const [url, why] of wrong) {
      assert.throws(
        () => parseProxy(url, "HTTP_PROXY"),
        (error: unknown) => {
          assert.ok(error instanceof UsageError, url);
          assert.match(error.message, why, url);
          assert.doesNotMatch(error.message + String(error.observed), /secret/, url);
          return true;
        },
        url,
      );
    }
  });

  it("comes with headers for CONNECT, of which those of the request itself are none", () => {
    const proxy = parseProxy("http://a", "proxy", { headers: ["Proxy-Authorization", "Bearer x"] });
    assert.deepEqual(proxy.kind === "http" && proxy.headers, ["Proxy-Authorization", "Bearer x"]);
    const refuse = (url: string, headers: string[], code: string): void => {
      assert.throws(() => parseProxy(url, "proxy", { headers }), { code });
    };
    refuse("http://u:p@a", ["proxy-authorization", "Bearer x"], "header-not-allowed");
    refuse("http://a", ["Host", "b"], "header-not-allowed");
    refuse("http://a", ["X", "a\r\nY: b"], "header-invalid");
    refuse("socks5://a", ["X", "a"], "invalid-argument");
  });
});

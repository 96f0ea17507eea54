import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { webSocketAddress } from "#src/protocol/index.js";
import type { Environment } from "#src/transport/node/dialing/proxy-environment.js";
import { proxyFromEnvironment } from "#src/transport/node/dialing/proxy-environment.js";

function proxyFor(url: string, environment: Environment): string | undefined {
  return proxyFromEnvironment(webSocketAddress(new URL(url)), environment)?.name;
}

/** Whether NO_PROXY excepts a URL. */
function excepts(exceptions: string, url: string): boolean {
  return proxyFor(url, { all_proxy: "http://p:1", no_proxy: exceptions }) === undefined;
}

describe("proxies named by the environment", () => {
  it("are HTTP_PROXY for ws:, HTTPS_PROXY for wss:, and ALL_PROXY for both", () => {
    const both = { HTTP_PROXY: "http://h:1", HTTPS_PROXY: "http://s:2", ALL_PROXY: "socks5://a:3" };
    assert.equal(proxyFor("ws://x", both), "http://h:1");
    assert.equal(proxyFor("wss://x", both), "http://s:2");
    assert.equal(proxyFor("wss://x", { HTTP_PROXY: "http://h:1", ALL_PROXY: "socks5h://a:3" }), "socks5h://a:3");
    assert.equal(proxyFor("wss://x", { HTTP_PROXY: "http://h:1" }), undefined);
    assert.equal(proxyFor("ws://x", { HTTPS_PROXY: "http://s:2" }), undefined);
    assert.equal(proxyFor("ws://x", {}), undefined);
  });

  it("count in lower case first, and not when they are empty", () => {
    assert.equal(proxyFor("ws://x", { http_proxy: "http://l:1", HTTP_PROXY: "http://u:2" }), "http://l:1");
    assert.equal(proxyFor("wss://x", { https_proxy: "http://l:1", HTTPS_PROXY: "http://u:2" }), "http://l:1");
    assert.equal(proxyFor("wss://x", { all_proxy: "http://l:1", ALL_PROXY: "http://u:2" }), "http://l:1");
    assert.equal(proxyFor("ws://x", { http_proxy: " ", HTTP_PROXY: "http://u:2" }), "http://u:2");
    assert.equal(proxyFor("ws://x", { http_proxy: "", HTTP_PROXY: "", ALL_PROXY: "http://a:3" }), "http://a:3");
  });

  it("are not a header that somebody sent to a CGI program (CVE-2016-5385)", () => {
    assert.equal(proxyFor("ws://x", { HTTP_PROXY: "http://evil:1", REQUEST_METHOD: "GET" }), undefined);
    assert.equal(proxyFor("ws://x", { http_proxy: "http://good:1", REQUEST_METHOD: "GET" }), "http://good:1");
    assert.equal(proxyFor("wss://x", { HTTPS_PROXY: "http://good:1", REQUEST_METHOD: "GET" }), "http://good:1");
  });

  it("may be written without a scheme", () => {
    assert.equal(proxyFor("ws://x", { http_proxy: "proxy.example:3128" }), "http://proxy.example:3128");
    assert.equal(proxyFor("ws://x", { http_proxy: "proxy.example" }), "http://proxy.example:80");
    assert.equal(proxyFor("ws://x", { http_proxy: "u:p@proxy.example:1" }), "http://proxy.example:1");
  });

  it("are told of by their names where they make no sense", () => {
    for (const value of ["socks4://a", "http://secret@", "::secret::", "http://a/b"]) {
      assert.throws(
        () => proxyFor("wss://x", { HTTPS_PROXY: value }),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, "invalid-argument");
          assert.match(error.message, /HTTPS_PROXY/);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
        value,
      );
    }
  });

  it("are not asked for what is on this machine, however that is written", () => {
    const here = ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.9.9.9", "127.1", "0x7f.1"];
    for (const host of [...here, "2130706433", "[::1]", "[0:0::1]", "[::ffff:127.0.0.1]"]) {
      assert.equal(proxyFor(`ws://${host}:9000/`, { all_proxy: "http://p:1" }), undefined, host);
    }
    for (const host of ["localhost.example", "127.example", "128.0.0.1", "[::2]", "notlocalhost"]) {
      assert.equal(proxyFor(`ws://${host}/`, { all_proxy: "http://p:1" }), "http://p:1", host);
    }
  });
});

describe("NO_PROXY", () => {
  it("counts in lower case first", () => {
    const all = { all_proxy: "http://p:1" };
    assert.equal(proxyFor("ws://a.b", { ...all, NO_PROXY: "a.b" }), undefined);
    assert.equal(proxyFor("ws://a.b", { ...all, NO_PROXY: "a.b", no_proxy: "c.d" }), "http://p:1");
    assert.equal(proxyFor("ws://a.b", { ...all, NO_PROXY: "a.b", no_proxy: "" }), undefined);
  });

  it("excepts a name and what is below it", () => {
    for (const url of ["ws://example.com", "ws://EXAMPLE.com", "ws://example.com.", "ws://a.b.example.com"]) {
      for (const list of ["example.com", "Example.COM", "x, example.com", "x\texample.com  y", "example.com."]) {
        assert.ok(excepts(list, url), `${list} ${url}`);
      }
    }
    assert.ok(!excepts("example.com", "ws://notexample.com"));
    assert.ok(!excepts("example.com", "ws://example.com.evil"));
    assert.ok(!excepts("example.com", "ws://com"));
  });

  it("excepts only what is below a name that begins with a dot or with *.", () => {
    for (const list of [".example.com", "*.example.com"]) {
      assert.ok(excepts(list, "ws://a.example.com"), list);
      assert.ok(!excepts(list, "ws://example.com"), list);
      assert.ok(!excepts(list, "ws://aexample.com"), list);
    }
  });

  it("excepts all with *", () => {
    assert.ok(excepts("*", "ws://example.com"));
    assert.ok(excepts("a, *", "wss://10.0.0.1"));
    assert.ok(!excepts("", "ws://example.com"));
    assert.ok(!excepts(" , ,", "ws://example.com"));
  });

  it("excepts a port only, where there is one", () => {
    assert.ok(excepts("example.com:9000", "ws://example.com:9000"));
    assert.ok(excepts("example.com:443", "wss://a.example.com"));
    assert.ok(excepts("10.0.0.1:80", "ws://10.0.0.1"));
    assert.ok(excepts("[2001:db8::1]:80", "ws://[2001:db8::1]"));
    assert.ok(!excepts("example.com:9000", "ws://example.com"));
    assert.ok(!excepts("[2001:db8::1]:81", "ws://[2001:db8::1]"));
  });

  it("excepts addresses and ranges of them, but no names that end like them", () => {
    assert.ok(excepts("10.1.2.3", "ws://10.1.2.3"));
    assert.ok(excepts("10.0.0.0/8", "ws://10.200.1.1"));
    assert.ok(excepts("2001:db8::/32", "ws://[2001:db8:1::9]"));
    assert.ok(excepts("2001:db8::1", "ws://[2001:db8:0:0::1]"));
    assert.ok(excepts("[2001:db8::1]", "ws://[2001:db8::1]"));
    assert.ok(excepts("10.0.0.0/8", "ws://[::ffff:10.0.0.1]"));
    assert.ok(!excepts("10.0.0.0/8", "ws://11.0.0.1"));
    assert.ok(!excepts("10.0.0.0/8", "ws://10.0.0.1.example.com"));
    assert.ok(!excepts("1.2.3", "ws://4.1.2.3"));
    assert.ok(!excepts("3", "ws://10.1.2.3"));
  });

  it("excepts nobody with what cannot be read", () => {
    for (const list of ["10.0.0.0/99", "a/b", "[::1", "a:b", "exa mple", "http://example.com"]) {
      assert.ok(!excepts(list, "ws://example.com"), list);
      assert.ok(!excepts(list, "ws://10.0.0.1"), list);
    }
  });
});

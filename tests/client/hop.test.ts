import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FirstHopOptions } from "#src/client/hop.js";
import { firstHop, webSocketUrl } from "#src/client/hop.js";
import type { UsageError } from "#src/protocol/index.js";

function authorizationOf(url: string | URL, options: FirstHopOptions = {}): string | undefined {
  const { headers } = firstHop(url, options);
  assert.equal(headers.filter((text) => text === "authorization").length <= 1, true);
  const place = headers.indexOf("authorization");
  return place === -1 ? undefined : headers[place + 1];
}

describe("the first request of a client", () => {
  it("goes to ws: or wss:, with what the application wants", () => {
    const hop = firstHop(new URL("https://example.com:443/a?b"), {
      protocols: "chat",
      headers: { "X-Room": "1" },
    });
    assert.equal(hop.url.href, "wss://example.com/a?b");
    assert.deepEqual(hop.address, { secure: true, host: "example.com", port: 443, target: "/a?b" });
    assert.deepEqual([hop.headers, hop.protocols], [["x-room", "1"], ["chat"]]);
    assert.equal(firstHop("http://example.com", {}).url.href, "ws://example.com/");
  });

  it("takes user name and password out of the URL, as Basic authentication (RFC 7617)", () => {
    assert.equal(authorizationOf("ws://ada:pass%20word@example.com/"), `Basic ${btoa("ada:pass word")}`);
    assert.equal(authorizationOf("ws://ada@example.com/"), `Basic ${btoa("ada:")}`);
    assert.equal(authorizationOf("ws://:pass@example.com/"), `Basic ${btoa(":pass")}`);
    assert.equal(authorizationOf("ws://@example.com/"), undefined);
    assert.equal(authorizationOf("ws://example.com/"), undefined);
    const given = new URL("wss://ada:secret@example.com/x");
    const { url } = firstHop(given, {});
    assert.equal(url.href, "wss://example.com/x");
    // The application's own URL stays as it was.
    assert.equal(given.password, "secret");
  });

  it("leaves them alone where the application has its own header, or does not want them", () => {
    const url = "ws://ada:secret@example.com/";
    assert.equal(authorizationOf(url, { headers: { AUTHORIZATION: "Bearer x" } }), "Bearer x");
    assert.equal(authorizationOf(url, { headers: [["Authorization", ""]] }), "");
    assert.equal(authorizationOf(url, { urlCredentials: "ignore" }), undefined);
    // What is not sent need not make sense.
    assert.equal(authorizationOf("ws://a%3Ab@example.com/", { urlCredentials: "ignore" }), undefined);
    assert.equal(authorizationOf("ws://a%3Ab@example.com/", { headers: { Authorization: "x" } }), "x");
  });

  it("is none for an option that makes no sense", () => {
    const options = { urlCredentials: "digest" } as unknown as FirstHopOptions;
    assert.throws(() => firstHop("ws://a/", options), { name: "UsageError", code: "invalid-argument" });
  });

  it("repeats no password in an error, whatever is wrong with the URL", () => {
    const urls = [
      "ws://ada:se%0Acret@example.com/",
      "ws://ada:secret@example.com:99999/",
      "ws://ada:secret@example.com/#fragment",
      "ws://ada:secret@[::zz]/",
      "ws://ada:sec/ret@example.com:x/",
      "ws://ada:sec?ret@[/",
      "ws:ada:secret@[",
      "//ada:secret@[",
      "://ada:se@cret@example.com",
      "ftp://ada:secret@example.com/",
    ];
    for (const url of urls) {
      assert.throws(
        () => firstHop(url, {}),
        (error: UsageError) => {
          assert.match(error.code, /^(?:url|credentials)-invalid$/u, url);
          assert.doesNotMatch(`${error.message} ${String(error.observed)}`, /ada|sec|cret/u, url);
          return true;
        },
        url,
      );
    }
    assert.throws(() => firstHop("not a URL\u001b[31m", {}), { message: /got "not a URL\\u001b\[31m"/u });
  });
});

describe("a WebSocket's URL", () => {
  it("has no user name, and a scheme of WebSockets", () => {
    const { url, address } = webSocketUrl(new URL("http://a:b@example.com:8080/x"));
    assert.equal(url.href, "ws://example.com:8080/x");
    assert.equal(address.port, 8080);
    for (const other of ["ftp://a/", "ws://a/#", "ws://a:0/", "mailto:a@b"]) {
      assert.throws(() => webSocketUrl(new URL(other)), { code: "url-invalid" }, other);
    }
  });
});

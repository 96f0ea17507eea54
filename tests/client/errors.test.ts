import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConnectError,
  CookieJarError,
  cookieJarCodes,
  HandshakeTimeoutError,
  RedirectError,
  redirectCodes,
  UpgradeRefusedError,
} from "#src/client/index.js";

describe("the errors of clients", () => {
  it("carry the status, the headers and the body of a refusal", () => {
    const rawHeaders = ["Retry-After", "5", "Set-Cookie", "a=1", "Set-Cookie", "b=2"];
    const error = new UpgradeRefusedError(503, rawHeaders, Buffer.from("later"));
    assert.equal(error.code, "upgrade-refused");
    assert.equal(error.status, 503);
    assert.equal(error.headers.get("retry-after"), "5");
    assert.deepEqual(error.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(Buffer.from(error.body).toString(), "later");
    assert.match(error.message, /503/);
    assert.match(error.section, /RFC 6455 §4\.1/);
  });

  it("say what kept the network from connecting", () => {
    const cause = new Error("connect ECONNREFUSED");
    const error = new ConnectError("ws://example/", cause);
    assert.equal(error.cause, cause);
    assert.match(error.message, /ws:\/\/example\/.*ECONNREFUSED/);
    assert.match(new ConnectError("ws://example/", "odd").message, /ws:\/\/example\//);
  });

  it("say which deadline has passed", () => {
    const error = new HandshakeTimeoutError(250);
    assert.equal(error.limit, 250);
    assert.match(error.message, /handshakeTimeoutMs.*250/);
  });

  it("say why a redirect is not followed, with what was seen, fit for a terminal", () => {
    const urls = ["ws://a/", "ws://b/"];
    for (const code of redirectCodes) {
      const error = new RedirectError(code, { status: 302, urls, observed: "\u001b[31m" });
      assert.equal(error.code, code);
      assert.deepEqual([error.status, error.urls, error.observed], [302, urls, "\u001b[31m"]);
      assert.ok(error.message.endsWith(`: got "\\u001b[31m" (${error.section})`), error.message);
      assert.equal("cause" in error, false);
    }
    const cause = new Error("no URL");
    assert.equal(new RedirectError("redirect-location-invalid", { status: 302, urls, cause }).cause, cause);
    const many = new RedirectError("too-many-redirects", { status: 302, urls, observed: 3, limit: 2 });
    assert.match(many.message, /got 3, the limit is 2/u);
  });

  it("say what is the matter with a cookie jar", () => {
    for (const code of cookieJarCodes) {
      const error = new CookieJarError(code);
      assert.equal(error.code, code);
      assert.equal("cause" in error, false);
    }
    assert.match(new CookieJarError("cookie-jar-failed", new Error("disk full")).message, /: disk full$/u);
    assert.doesNotMatch(new CookieJarError("cookie-jar-failed", "secret").message, /secret/u);
  });
});

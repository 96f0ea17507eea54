import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectError, HandshakeTimeoutError, UpgradeRefusedError } from "#src/client/index.js";

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
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultLimits, readUpgradeRequest } from "#src/protocol/index.js";
import { createIncomingRequest } from "#src/server/accept.js";
import type { IncomingRequest } from "#src/server/index.js";
import { upgradeHead, upgradeHeaders } from "../support/upgrades.js";

function requestOf(target: string, isSecure = false, ...extra: readonly string[]): IncomingRequest {
  const head = upgradeHead({ target, rawHeaders: upgradeHeaders(...extra) });
  const read = readUpgradeRequest(head, defaultLimits);
  assert.ok(read.ok);
  return createIncomingRequest(head, read.handshake, isSecure, "192.0.2.1");
}

describe("the web Request of an upgrade", () => {
  it("has the scheme of its stream, the Host and the target", () => {
    assert.equal(requestOf("/a/b?c=d").url, "http://server.example:9000/a/b?c=d");
    assert.equal(requestOf("/", true).url, "https://server.example:9000/");
  });

  it("is for the server it was sent to, whatever the target looks like", () => {
    assert.equal(new URL(requestOf("//evil.example/x").url).host, "server.example:9000");
    assert.equal(new URL(requestOf("/@evil.example/").url).host, "server.example:9000");
  });

  it("has every header, those that are repeated as one list", () => {
    const { headers } = requestOf("/", false, "X-Forwarded-For", "1.1.1.1", "x-forwarded-for", "2.2.2.2");
    assert.equal(headers.get("X-Forwarded-For"), "1.1.1.1, 2.2.2.2");
    assert.equal(headers.get("Sec-WebSocket-Version"), "13");
    assert.equal(headers.get("Host"), "server.example:9000");
  });

  it("takes octets beyond ASCII in values as Latin-1", () => {
    assert.equal(requestOf("/", false, "X-Name", "é").headers.get("X-Name"), "é");
  });

  it("tells the address and the subprotocols, which cannot be changed", () => {
    const request = requestOf("/", false, "Sec-WebSocket-Protocol", "b, a");
    assert.equal(request.remoteAddress, "192.0.2.1");
    assert.deepEqual(request.protocols, ["b", "a"]);
    assert.throws(() => {
      (request as { remoteAddress: string | undefined }).remoteAddress = "forged";
    }, TypeError);
  });
});

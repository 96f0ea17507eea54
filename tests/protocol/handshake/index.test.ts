import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createKey,
  createUpgradeRequest,
  readUpgradeRequest,
  readUpgradeResponse,
  webSocketAddress,
  writeRefusal,
  writeUpgradeRequest,
  writeUpgradeResponse,
} from "#src/protocol/handshake/index.js";
import { defaultLimits } from "#src/protocol/limits.js";

/** What an HTTP parser makes of a head, so far as these tests need one. */
function parseHead(head: string): { startLine: string; rawHeaders: string[] } {
  const [startLine = "", ...lines] = head.slice(0, -4).split("\r\n");
  return { startLine, rawHeaders: lines.flatMap((line) => line.split(": ")) };
}

describe("§4 the opening handshake, both sides", () => {
  const options = {
    ...webSocketAddress(new URL("wss://example.com/chat?room=1")),
    key: createKey(Uint8Array.from({ length: 16 }, (_, index) => index)),
    protocols: ["chat"],
    extensions: [{ name: "foo", parameters: [{ name: "bar", value: "1" }] }],
  };

  it("establishes a connection", () => {
    const { startLine, rawHeaders } = parseHead(writeUpgradeRequest(options));
    assert.equal(startLine, "GET /chat?room=1 HTTP/1.1");
    assert.deepEqual(rawHeaders, createUpgradeRequest(options).rawHeaders);

    const request = { method: "GET", httpVersion: "1.1", target: "/chat?room=1", rawHeaders };
    const asked = readUpgradeRequest(request, defaultLimits);
    assert.ok(asked.ok);
    const { extensions } = asked.handshake;

    const head = parseHead(writeUpgradeResponse(asked.handshake, { protocol: "chat", extensions }));
    assert.equal(head.startLine, "HTTP/1.1 101 Switching Protocols");
    const response = { status: 101, httpVersion: "1.1", rawHeaders: head.rawHeaders };
    const answered = readUpgradeResponse(response, options, defaultLimits);
    assert.deepEqual(answered, { ok: true, handshake: { protocol: "chat", extensions: options.extensions } });
  });

  it("or does not, and both sides know why", () => {
    const asked = readUpgradeRequest({ ...createUpgradeRequest(options), method: "PUT" }, defaultLimits);
    assert.ok(!asked.ok);
    const head = parseHead(writeRefusal(asked.error));
    assert.equal(head.startLine, "HTTP/1.1 405 Method Not Allowed");
    const response = { status: 405, httpVersion: "1.1", rawHeaders: head.rawHeaders };
    const answered = readUpgradeResponse(response, options, defaultLimits);
    assert.ok(!answered.ok);
    assert.deepEqual([answered.error.code, answered.error.observed], ["response-status", 405]);
  });
});

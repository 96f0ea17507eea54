import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createKey } from "#src/protocol/handshake/key.js";
import { readUpgradeRequest } from "#src/protocol/handshake/read-request.js";
import {
  createUpgradeRequest,
  type UpgradeRequestOptions,
  writeUpgradeRequest,
} from "#src/protocol/handshake/write-request.js";
import { defaultLimits } from "#src/protocol/limits.js";

const options: UpgradeRequestOptions = {
  secure: false,
  host: "server.example.com",
  port: 80,
  target: "/chat",
  key: "dGhlIHNhbXBsZSBub25jZQ==",
};

describe("§4.1 sending the client's opening handshake", () => {
  it("writes the example of §1.2", () => {
    assert.equal(
      writeUpgradeRequest({ ...options, origin: "http://example.com", protocols: ["chat", "superchat"] }),
      "GET /chat HTTP/1.1\r\n" +
        "Host: server.example.com\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Version: 13\r\n" +
        "Origin: http://example.com\r\n" +
        "Sec-WebSocket-Protocol: chat, superchat\r\n" +
        "\r\n",
    );
  });

  it("leaves out what is not asked for", () => {
    const names = createUpgradeRequest(options).rawHeaders.filter((_, index) => index % 2 === 0);
    assert.deepEqual(names, ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"]);
  });

  it("adds extensions and the application's headers", () => {
    const { rawHeaders } = createUpgradeRequest({
      ...options,
      extensions: [{ name: "foo", parameters: [{ name: "bar", value: "1" }] }],
      headers: ["Cookie", "a=b", "Origin", "http://a.example"],
    });
    assert.deepEqual(rawHeaders.slice(-6), [
      "Sec-WebSocket-Extensions",
      "foo; bar=1",
      "Cookie",
      "a=b",
      "Origin",
      "http://a.example",
    ]);
  });

  it("writes the port unless it is the default one", () => {
    for (const [secure, port, host] of [
      [false, 80, "server.example.com"],
      [false, 443, "server.example.com:443"],
      [true, 443, "server.example.com"],
      [true, 80, "server.example.com:80"],
    ] as const) {
      assert.equal(createUpgradeRequest({ ...options, secure, port }).rawHeaders[1], host);
    }
  });

  it("is accepted by a server, which finds in it what was asked for", () => {
    const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
    const parameters = fc.array(fc.tuple(token, fc.option(token, { nil: undefined })), { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom("a.example", "127.0.0.1", "[::1]"),
        fc.integer({ min: 1, max: 65_535 }),
        fc.stringMatching(/^\/[!-"$-~]{0,20}$/),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uniqueArray(token, { maxLength: 4 }),
        fc.array(fc.tuple(token, parameters), { maxLength: 3 }),
        (secure, host, port, target, nonce, protocols, list) => {
          const key = createKey(nonce);
          const extensions = list.map(([name, pairs]) => ({
            name,
            parameters: pairs.map(([parameter, value]) => ({ name: parameter, value })),
          }));
          const request = createUpgradeRequest({ secure, host, port, target, key, protocols, extensions });
          const result = readUpgradeRequest(request, defaultLimits);
          assert.ok(result.ok, result.ok ? "" : result.error.message);
          const { host: authority, ...rest } = result.handshake;
          assert.ok(authority.startsWith(host));
          assert.deepEqual(rest, { key, target, origin: undefined, protocols, extensions });
        },
      ),
    );
  });

  // What a caller could be tricked into passing on must not reach the wire (CVE-2026-1527).
  const refused: [string, Partial<UpgradeRequestOptions>, string][] = [
    ["a host that is none", { host: "a b" }, "url-invalid"],
    ["a port that is none", { port: 0 }, "url-invalid"],
    ["a request line of the caller's", { target: "/ HTTP/1.1\r\nX: y\r\n\r\n" }, "url-invalid"],
    ["a fragment", { target: "/chat#top" }, "url-invalid"],
    ["a key that is none", { key: "x" }, "invalid-argument"],
    ["a subprotocol twice", { protocols: ["a", "a"] }, "protocol-invalid"],
    ["a subprotocol with a line end", { protocols: ["a\r\nX: y"] }, "protocol-invalid"],
    ["an extension that is no token", { extensions: [{ name: "a b", parameters: [] }] }, "extension-invalid"],
    ["an origin with a line end", { origin: "http://a\r\nX: y" }, "header-invalid"],
    ["a header with a line end", { headers: ["X", "a\r\nY: b"] }, "header-invalid"],
    ["a Host of the caller's", { headers: ["Host", "b"] }, "header-not-allowed"],
    ["a key of the caller's", { headers: ["sec-websocket-key", "x"] }, "header-not-allowed"],
    ["a body", { headers: ["Content-Length", "5"] }, "header-not-allowed"],
    ["two origins", { origin: "http://a", headers: ["Origin", "http://b"] }, "header-not-allowed"],
  ];
  for (const [what, changes, code] of refused) {
    it(`does not write ${what}`, () => {
      assert.throws(() => writeUpgradeRequest({ ...options, ...changes }), { name: "UsageError", code });
    });
  }
});

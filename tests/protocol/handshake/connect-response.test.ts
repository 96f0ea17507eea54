import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectRefusal, connectResponse, readConnectResponse } from "#src/protocol/handshake/connect-response.js";
import { UpgradeRequestError, type UpgradeResponseCode } from "#src/protocol/handshake/errors.js";
import type { UpgradeRequest } from "#src/protocol/handshake/read-request.js";
import { defaultLimits, type Limits } from "#src/protocol/limits.js";

const foo = { name: "foo", parameters: [] };
const request: UpgradeRequest = {
  key: undefined,
  host: "server.example.com",
  target: "/chat",
  origin: undefined,
  protocols: ["chat", "superchat"],
  extensions: [foo],
};

describe("RFC 8441 §5 accepting an extended CONNECT", () => {
  it("answers the example of §5.1", () => {
    const response = connectResponse(request, { protocol: "chat" });
    assert.deepEqual(response, { status: 200, rawHeaders: ["sec-websocket-protocol", "chat"] });
  });

  it("adds extensions and the application's headers, with names in lower case", () => {
    const { rawHeaders } = connectResponse(request, { extensions: [foo], headers: ["Set-Cookie", "A=B"] });
    assert.deepEqual(rawHeaders, ["sec-websocket-extensions", "foo", "set-cookie", "A=B"]);
    assert.deepEqual(connectResponse(request).rawHeaders, []);
  });

  it("chooses nothing that was not offered", () => {
    assert.throws(() => connectResponse(request, { protocol: "other" }), { code: "protocol-not-offered" });
    const bar = { name: "bar", parameters: [] };
    assert.throws(() => connectResponse(request, { extensions: [bar] }), { code: "extension-not-offered" });
  });

  it("has no field of a connection's (RFC 9113 §8.2.2)", () => {
    for (const name of ["Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding"]) {
      assert.throws(() => connectResponse(request, { headers: [name, "x"] }), { code: "header-not-allowed" });
    }
  });
});

describe("RFC 8441 refusing an extended CONNECT", () => {
  it("answers what a rule says, without the fields of a connection", () => {
    const error = new UpgradeRequestError("request-version-unsupported", "25");
    assert.deepEqual(connectRefusal(error), {
      status: 400,
      rawHeaders: [
        ...["sec-websocket-version", "13", "content-type", "text/plain; charset=utf-8"],
        ...["content-length", String(error.body.length)],
      ],
    });
  });

  it("answers what the application says", () => {
    const refusal = { status: 401, headers: ["WWW-Authenticate", "Basic"] };
    assert.deepEqual(connectRefusal(refusal), { status: 401, rawHeaders: ["www-authenticate", "Basic"] });
    assert.deepEqual(connectRefusal({ status: 404, body: new Uint8Array(0) }), { status: 404, rawHeaders: [] });
  });

  it("is nothing that the client would take for a tunnel (RFC 9110 §9.3.6), and no nonsense", () => {
    for (const status of [101, 200, 204, 299, 600]) {
      assert.throws(() => connectRefusal({ status }), { name: "UsageError", code: "invalid-argument" });
    }
    assert.throws(() => connectRefusal({ status: 403, headers: ["content-length", "9"] }), {
      code: "header-not-allowed",
    });
  });
});

describe("RFC 8441 §5 reading the server's answer", () => {
  const sent = { protocols: ["chat"], extensions: [foo] };
  const read = (status: number, rawHeaders: readonly string[] = [], limits: Partial<Limits> = {}) =>
    readConnectResponse({ status, rawHeaders }, sent, { ...defaultLimits, ...limits });
  const refuse = (code: UpgradeResponseCode, ...given: Parameters<typeof read>): void => {
    const result = read(...given);
    assert.ok(!result.ok, code);
    assert.equal(result.error.code, code);
  };

  it("takes any 2xx, and needs neither Upgrade nor an accept value", () => {
    for (const status of [200, 204, 299]) {
      assert.deepEqual(read(status), { ok: true, handshake: { protocol: "", extensions: [] } });
    }
  });

  it("reads what was chosen", () => {
    const chosen = read(200, ["sec-websocket-protocol", "chat", "sec-websocket-extensions", "foo"]);
    assert.deepEqual(chosen, { ok: true, handshake: { protocol: "chat", extensions: [foo] } });
  });

  it("takes no other status for a tunnel", () => {
    for (const status of [101, 199, 300, 404, 501]) refuse("response-connect-status", status);
  });

  it("keeps the rules of RFC 6455 for what was chosen", () => {
    refuse("response-protocol-not-requested", 200, ["sec-websocket-protocol", "other"]);
    refuse("response-protocol-malformed", 200, ["sec-websocket-protocol", "chat, chat"]);
    refuse("response-protocol-repeated", 200, ["sec-websocket-protocol", "chat", "sec-websocket-protocol", "chat"]);
    refuse("response-extension-not-offered", 200, ["sec-websocket-extensions", "bar"]);
    refuse("response-extension-repeated", 200, ["sec-websocket-extensions", "foo, foo"]);
    refuse("response-extensions-malformed", 200, ["sec-websocket-extensions", "a b"]);
  });

  it("keeps the limits of headers (§10.4)", () => {
    refuse("response-header-count", 200, ["a", "b", "c", "d"], { maxHeaderCount: 1 });
    refuse("response-header-bytes", 200, ["a", "b".repeat(100)], { maxHeaderBytes: 50 });
  });
});

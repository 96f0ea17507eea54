import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type UpgradeRequestCode, UpgradeRequestError, upgradeRequestCodes } from "#src/protocol/handshake/errors.js";
import { type ConnectRequest, readConnectRequest } from "#src/protocol/handshake/read-connect.js";
import { defaultLimits, type Limits } from "#src/protocol/limits.js";

/** The request of RFC 8441 §5.1. */
const rfcRequest: ConnectRequest = {
  protocol: "websocket",
  scheme: "https",
  path: "/chat",
  authority: "server.example.com",
  rawHeaders: [
    ...["sec-websocket-protocol", "chat, superchat"],
    ...["sec-websocket-extensions", "permessage-deflate"],
    ...["sec-websocket-version", "13"],
    ...["origin", "http://www.example.com"],
  ],
};

const versionOnly = ["sec-websocket-version", "13"];

function read(changes: Partial<ConnectRequest> = {}, limits: Partial<Limits> = {}) {
  return readConnectRequest({ ...rfcRequest, ...changes }, { ...defaultLimits, ...limits });
}

function accept(changes?: Partial<ConnectRequest>) {
  const result = read(changes);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.handshake;
}

function refuse(changes: Partial<ConnectRequest>, code: UpgradeRequestCode, limits?: Partial<Limits>): void {
  const result = read(changes, limits);
  assert.ok(!result.ok, `${code}: the request was accepted`);
  assert.ok(result.error instanceof UpgradeRequestError);
  assert.equal(result.error.code, code);
}

describe("RFC 8441 §5 reading an extended CONNECT", () => {
  it("reads the example of §5.1", () => {
    assert.deepEqual(accept(), {
      key: undefined,
      host: "server.example.com",
      target: "/chat",
      origin: "http://www.example.com",
      protocols: ["chat", "superchat"],
      extensions: [{ name: "permessage-deflate", parameters: [] }],
    });
  });

  it("needs no more than a version", () => {
    const { origin, protocols, extensions } = accept({ rawHeaders: versionOnly });
    assert.deepEqual({ origin, protocols, extensions }, { origin: undefined, protocols: [], extensions: [] });
  });

  it(':protocol "MUST have a value of "websocket""', () => {
    for (const protocol of ["", "WebSocket", "webtransport", "websocket, x"]) {
      refuse({ protocol }, "request-connect-protocol");
    }
  });

  it('§4 ":scheme and :path pseudo-header fields […] MUST also be included"', () => {
    refuse({ scheme: undefined }, "request-connect-scheme");
    refuse({ scheme: "wss" }, "request-connect-scheme");
    refuse({ path: undefined }, "request-target");
    accept({ scheme: "http" });
  });

  it("takes a resource name for a path, and nothing else", () => {
    assert.equal(accept({ path: "//a/b?c=d" }).target, "//a/b?c=d");
    for (const path of ["", "*", "chat", "https://server.example.com/", "/a b"]) refuse({ path }, "request-target");
    refuse({ path: "/a#b" }, "request-target-fragment");
  });

  it('Connection and Upgrade "MUST NOT be included", nor their like (RFC 9113 §8.2.2)', () => {
    for (const name of ["connection", "Upgrade", "keep-alive", "proxy-connection", "transfer-encoding"]) {
      refuse({ rawHeaders: [...versionOnly, name, "x"] }, "request-connect-field");
    }
  });

  it("does not process the key", () => {
    assert.equal(accept({ rawHeaders: [...versionOnly, "sec-websocket-key", "?"] }).key, undefined);
  });

  it("wants :authority, and a Host field to agree with it (RFC 9113 §8.3.1)", () => {
    refuse({ authority: undefined }, "request-host-missing");
    refuse({ authority: "" }, "request-host-missing");
    refuse({ authority: "user@server.example.com" }, "request-host-malformed");
    const host = (...values: string[]) => [...versionOnly, ...values.flatMap((value) => ["host", value])];
    refuse({ rawHeaders: host("other.example.com") }, "request-host-mismatch");
    refuse({ rawHeaders: host("server.example.com:80") }, "request-host-mismatch");
    refuse({ rawHeaders: host("a b") }, "request-host-malformed");
    refuse({ rawHeaders: host("server.example.com", "server.example.com") }, "request-host-repeated");
    assert.equal(accept({ rawHeaders: host("SERVER.example.com:443") }).host, "server.example.com");
    assert.equal(accept({ scheme: "http", rawHeaders: host("server.example.com:80") }).host, "server.example.com");
  });

  it("keeps the rules of RFC 6455 for the other fields", () => {
    refuse({ rawHeaders: [] }, "request-version-missing");
    refuse({ rawHeaders: ["sec-websocket-version", "8"] }, "request-version-unsupported");
    refuse({ rawHeaders: [...versionOnly, ...versionOnly] }, "request-version-repeated");
    refuse({ rawHeaders: [...versionOnly, "content-length", "1"] }, "request-body");
    refuse({ rawHeaders: [...versionOnly, "origin", "a", "origin", "b"] }, "request-origin-repeated");
    refuse({ rawHeaders: [...versionOnly, "sec-websocket-protocol", "a,a"] }, "request-protocol-repeated");
    refuse({ rawHeaders: [...versionOnly, "sec-websocket-extensions", "a b"] }, "request-extensions-malformed");
    accept({ rawHeaders: [...versionOnly, "content-length", "0"] });
  });

  it("keeps the limits of headers (§10.4)", () => {
    refuse({}, "request-header-count", { maxHeaderCount: 3 });
    refuse({}, "request-header-bytes", { maxHeaderBytes: 64 });
  });

  it("never throws, and names a rule for whatever it refuses", () => {
    const text = fc.string({ unit: "binary-ascii", maxLength: 20 });
    const maybe = fc.option(fc.oneof(text, fc.constantFrom("https", "/", "a.example")), { nil: undefined });
    const request = fc.record({
      protocol: fc.oneof(text, fc.constant("websocket")),
      scheme: maybe,
      path: maybe,
      authority: maybe,
      rawHeaders: fc.array(text).map((some) => [...versionOnly, ...some]),
    });
    fc.assert(
      fc.property(request, (given) => {
        const result = readConnectRequest(given, defaultLimits);
        if (!result.ok) assert.ok(upgradeRequestCodes.includes(result.error.code));
      }),
    );
  });
});

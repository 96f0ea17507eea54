import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type UpgradeRequestCode, UpgradeRequestError, upgradeRequestCodes } from "#src/protocol/handshake/errors.js";
import type { HandshakeRequest } from "#src/protocol/handshake/message.js";
import { readUpgradeRequest, type UpgradeRequest } from "#src/protocol/handshake/read-request.js";
import { defaultLimits, type Limits } from "#src/protocol/limits.js";

/** The request of RFC 6455 §1.3, line by line, so that a test can change one. */
const rfcHeaders: Readonly<Record<string, readonly string[]>> = {
  Host: ["server.example.com"],
  Upgrade: ["websocket"],
  Connection: ["Upgrade"],
  "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ=="],
  Origin: ["http://example.com"],
  "Sec-WebSocket-Protocol": ["chat, superchat"],
  "Sec-WebSocket-Version": ["13"],
};

interface Changes extends Partial<Omit<HandshakeRequest, "rawHeaders">> {
  /** The lines of each header instead of the RFC's; none removes it. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
}

function makeRequest({ headers = {}, ...line }: Changes = {}): HandshakeRequest {
  const all = Object.entries({ ...rfcHeaders, ...headers });
  const rawHeaders = all.flatMap(([name, values]) => values.flatMap((value) => [name, value]));
  return { method: "GET", httpVersion: "1.1", target: "/chat", rawHeaders, ...line };
}

function read(changes?: Changes, limits?: Partial<Limits>): UpgradeRequest {
  const result = readUpgradeRequest(makeRequest(changes), { ...defaultLimits, ...limits });
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.handshake;
}

function refuse(changes?: Changes, limits?: Partial<Limits>): UpgradeRequestError {
  const result = readUpgradeRequest(makeRequest(changes), { ...defaultLimits, ...limits });
  assert.ok(!result.ok, "the request was accepted");
  assert.ok(result.error instanceof UpgradeRequestError);
  return result.error;
}

describe("§4.2.1 reading a client's handshake", () => {
  it("reads the example of §1.3", () => {
    assert.deepEqual(read(), {
      key: "dGhlIHNhbXBsZSBub25jZQ==",
      host: "server.example.com",
      target: "/chat",
      origin: "http://example.com",
      protocols: ["chat", "superchat"],
      extensions: [],
    });
  });

  it("reads a request without any option", () => {
    const { origin, protocols, extensions } = read({ headers: { Origin: [], "Sec-WebSocket-Protocol": [] } });
    assert.deepEqual({ origin, protocols, extensions }, { origin: undefined, protocols: [], extensions: [] });
  });

  it("reads names and keywords in any case and header lines in any order", () => {
    const rawHeaders = [
      ...["SEC-WEBSOCKET-VERSION", " 13 "],
      ...["sec-websocket-key", "\tAQIDBAUGBwgJCgsMDQ4PEC== "],
      ...["connection", "keep-alive, uPGRADE"],
      ...["upgrade", "h2c, WebSocket"],
      ...["hOST", "[::1]:9000"],
    ];
    const result = readUpgradeRequest(makeRequest({ target: "/" }), defaultLimits);
    assert.ok(result.ok);
    const other = readUpgradeRequest({ method: "GET", httpVersion: "1.1", target: "/", rawHeaders }, defaultLimits);
    assert.ok(other.ok, other.ok ? "" : other.error.message);
    assert.equal(other.handshake.key, "AQIDBAUGBwgJCgsMDQ4PEC==");
    assert.equal(other.handshake.host, "[::1]:9000");
  });

  it("reads Upgrade and Connection over several lines and among empty elements", () => {
    read({ headers: { Upgrade: ["foo/2", ",websocket"], Connection: ["", "keep-alive", ",, upgrade ,"] } });
  });

  it("reads subprotocols and extensions over several lines (§11.3.2, §11.3.4)", () => {
    const { protocols, extensions } = read({
      headers: {
        "Sec-WebSocket-Protocol": ["chat", "a, b"],
        "Sec-WebSocket-Extensions": ["foo", "bar; baz=2"],
      },
    });
    assert.deepEqual(protocols, ["chat", "a", "b"]);
    assert.deepEqual(extensions, [
      { name: "foo", parameters: [] },
      { name: "bar", parameters: [{ name: "baz", value: "2" }] },
    ]);
  });

  it("takes the resource name out of an absolute Request-URI", () => {
    for (const [target, host, expected] of [
      ["http://server.example.com/chat?a", "server.example.com", "/chat?a"],
      ["http://server.example.com", "Server.Example.com:80", "/"],
      ["https://server.example.com/chat", "server.example.com:443", "/chat"],
    ] as const) {
      const handshake = read({ target, headers: { Host: [host] } });
      assert.deepEqual([handshake.target, handshake.host], [expected, host]);
    }
  });

  it("converts the origin to lower case (§4.2.2)", () => {
    assert.equal(read({ headers: { Origin: ["HTTP://Example.COM"] } }).origin, "http://example.com");
    assert.equal(read({ headers: { Origin: ["null"] } }).origin, "null");
  });

  it("accepts higher HTTP versions and a body of no octets", () => {
    read({ httpVersion: "1.2" });
    read({ headers: { "Content-Length": ["0"] } });
  });

  it("ignores unknown header fields, whatever their names", () => {
    read({ headers: { "X-Unknown": ["1", "2"], constructor: ["x"], toString: ["y"] } });
    const request = makeRequest();
    const rawHeaders = [...request.rawHeaders, "__proto__", "polluted"];
    assert.equal(readUpgradeRequest({ ...request, rawHeaders }, defaultLimits).ok, true);
  });
});

describe("§4.2.1 refusing a client's handshake", () => {
  type Row = [why: string, changes: Changes, code: UpgradeRequestCode, status: number, observed?: string | number];
  const rows: Row[] = [
    ["another method", { method: "POST" }, "request-method", 405, "POST"],
    ["a method in lower case", { method: "get" }, "request-method", 405, "get"],
    ["HTTP/1.0", { httpVersion: "1.0" }, "request-http-version", 505, "1.0"],
    ["no HTTP version", { httpVersion: "" }, "request-http-version", 505, ""],
    ["no Upgrade", { headers: { Upgrade: [] } }, "request-upgrade-missing", 426],
    ["another Upgrade", { headers: { Upgrade: ["h2c", "foo"] } }, "request-upgrade-other", 426, "h2c, foo"],
    [
      "an Upgrade with a version",
      { headers: { Upgrade: ["websocket/1"] } },
      "request-upgrade-other",
      426,
      "websocket/1",
    ],
    ["no Connection", { headers: { Connection: [] } }, "request-connection", 400, ""],
    ["another Connection", { headers: { Connection: ["close"] } }, "request-connection", 400, "close"],
    ["a body by length", { headers: { "Content-Length": ["5"] } }, "request-body", 400, "5"],
    ["a body by one of two lengths", { headers: { "Content-Length": ["0", "5"] } }, "request-body", 400, "5"],
    ["a length that is none", { headers: { "Content-Length": ["+0"] } }, "request-body", 400, "+0"],
    ["a chunked body", { headers: { "Transfer-Encoding": ["chunked"] } }, "request-body", 400, "chunked"],
    ["no version", { headers: { "Sec-WebSocket-Version": [] } }, "request-version-missing", 400],
    ["two versions", { headers: { "Sec-WebSocket-Version": ["13", "13"] } }, "request-version-repeated", 400, 2],
    ["another version", { headers: { "Sec-WebSocket-Version": ["8"] } }, "request-version-unsupported", 426, "8"],
    [
      "a list of versions",
      { headers: { "Sec-WebSocket-Version": ["13, 8"] } },
      "request-version-unsupported",
      426,
      "13, 8",
    ],
    [
      "a version with a zero in front",
      { headers: { "Sec-WebSocket-Version": ["013"] } },
      "request-version-unsupported",
      426,
      "013",
    ],
    ["an empty version", { headers: { "Sec-WebSocket-Version": [""] } }, "request-version-unsupported", 426, ""],
    ["a target that is no path", { target: "*" }, "request-target", 400, "*"],
    ["a target of another scheme", { target: "ws://a/" }, "request-target", 400, "ws://a/"],
    ["an empty target", { target: "" }, "request-target", 400, ""],
    ["a fragment", { target: "/chat#top" }, "request-target-fragment", 400, "/chat#top"],
    ["no Host", { headers: { Host: [] } }, "request-host-missing", 400],
    ["an empty Host", { headers: { Host: [" "] } }, "request-host-missing", 400],
    ["two Hosts", { headers: { Host: ["a", "a"] } }, "request-host-repeated", 400, 2],
    ["a Host that is none", { headers: { Host: ["a/b"] } }, "request-host-malformed", 400, "a/b"],
    ["two Hosts in one line", { headers: { Host: ["a, b"] } }, "request-host-malformed", 400, "a, b"],
    [
      "a Host that the target contradicts",
      { target: "http://evil.example/" },
      "request-host-mismatch",
      400,
      "server.example.com",
    ],
    [
      "a port that the target contradicts",
      { target: "http://server.example.com:81/" },
      "request-host-mismatch",
      400,
      "server.example.com",
    ],
    ["no key", { headers: { "Sec-WebSocket-Key": [] } }, "request-key-missing", 400],
    [
      "two keys",
      { headers: { "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="] } },
      "request-key-repeated",
      400,
      2,
    ],
    ["an empty key", { headers: { "Sec-WebSocket-Key": [""] } }, "request-key-malformed", 400, ""],
    [
      "a key of 15 octets",
      { headers: { "Sec-WebSocket-Key": ["AQIDBAUGBwgJCgsMDQ4P"] } },
      "request-key-malformed",
      400,
      "AQIDBAUGBwgJCgsMDQ4P",
    ],
    [
      "a key that is no base64",
      { headers: { "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZ!=="] } },
      "request-key-malformed",
      400,
      "dGhlIHNhbXBsZSBub25jZ!==",
    ],
    ["two origins", { headers: { Origin: ["http://a", "http://b"] } }, "request-origin-repeated", 400, 2],
    [
      "an empty subprotocol",
      { headers: { "Sec-WebSocket-Protocol": ["a,,b"] } },
      "request-protocol-malformed",
      400,
      "",
    ],
    [
      "a subprotocol that is no token",
      { headers: { "Sec-WebSocket-Protocol": ["a b"] } },
      "request-protocol-malformed",
      400,
      "a b",
    ],
    [
      "a subprotocol twice",
      { headers: { "Sec-WebSocket-Protocol": ["a", "b, a"] } },
      "request-protocol-repeated",
      400,
      "a",
    ],
    [
      "malformed extensions",
      { headers: { "Sec-WebSocket-Extensions": ["a", "b;"] } },
      "request-extensions-malformed",
      400,
      "b;",
    ],
    [
      "an empty extension list",
      { headers: { "Sec-WebSocket-Extensions": [""] } },
      "request-extensions-malformed",
      400,
      "",
    ],
  ];
  for (const [why, changes, code, status, observed] of rows) {
    it(`answers ${status} to ${why}`, () => {
      const error = refuse(changes);
      assert.equal(error.code, code);
      assert.equal(error.status, status);
      assert.equal(error.observed, observed);
    });
  }

  it("answers 431 to more header lines than maxHeaderCount (ws GHSA-3h5v-q93c-6h6q)", () => {
    read({}, { maxHeaderCount: 7 });
    const error = refuse({}, { maxHeaderCount: 6 });
    assert.deepEqual([error.code, error.status, error.observed, error.limit], ["request-header-count", 431, 7, 6]);
    const flood = Array.from({ length: 5000 }, () => "x");
    assert.equal(refuse({ headers: { "X-Flood": flood, Upgrade: [] } }).code, "request-header-count");
  });

  it("answers 431 to headers longer than maxHeaderBytes", () => {
    const maxHeaderBytes = makeRequest().rawHeaders.join("").length;
    read({}, { maxHeaderBytes });
    const error = refuse({}, { maxHeaderBytes: maxHeaderBytes - 1 });
    assert.deepEqual([error.code, error.status], ["request-header-bytes", 431]);
    assert.deepEqual([error.observed, error.limit], [maxHeaderBytes, maxHeaderBytes - 1]);
  });

  it("has a test for every code", () => {
    const tested = new Set<string>([...rows.map(([, , code]) => code), "request-header-count", "request-header-bytes"]);
    // Those of HTTP/2 are tested with `readConnectRequest`.
    const codes = upgradeRequestCodes.filter((code) => !code.startsWith("request-connect-"));
    assert.deepEqual(codes.sort(), [...tested].sort());
  });

  it("tells plain HTTP first of all that an upgrade is required", () => {
    const plain: HandshakeRequest = { method: "GET", httpVersion: "1.0", target: "*", rawHeaders: ["Accept", "*/*"] };
    const result = readUpgradeRequest(plain, defaultLimits);
    assert.ok(!result.ok);
    assert.deepEqual([result.error.code, result.error.status], ["request-upgrade-missing", 426]);
  });

  it("tells another version of the protocol so before it looks at anything that version may do differently", () => {
    const headers = { "Sec-WebSocket-Version": ["8"], "Sec-WebSocket-Key": [], "Sec-WebSocket-Protocol": [","] };
    assert.equal(refuse({ headers }).code, "request-version-unsupported");
  });

  it("never throws, and accepts only what it can repeat", () => {
    const name = fc.constantFrom(...Object.keys(rfcHeaders), "Sec-WebSocket-Extensions", "Content-Length", "__proto__");
    const value = fc.oneof(
      fc.constantFrom(...Object.values(rfcHeaders).flat(), "", ",", ";", '"'),
      fc.string(),
      fc.string({ unit: "binary" }),
    );
    const request = fc.record({
      method: fc.oneof({ weight: 5, arbitrary: fc.constant("GET") }, fc.string()),
      httpVersion: fc.oneof({ weight: 5, arbitrary: fc.constant("1.1") }, fc.string()),
      target: fc.oneof({ weight: 5, arbitrary: fc.constant("/") }, fc.webUrl(), fc.string()),
      rawHeaders: fc.oneof(
        fc.array(fc.oneof(name, value), { maxLength: 20 }),
        // The RFC's request with something more.
        fc.array(fc.tuple(name, value), { maxLength: 2 }).map((more) => [...makeRequest().rawHeaders, ...more.flat()]),
      ),
    });
    fc.assert(
      fc.property(request, (input) => {
        const result = readUpgradeRequest(input, defaultLimits);
        if (result.ok) assert.match(result.handshake.target, /^\/[!-~]*$/);
        else assert.ok(result.error.status >= 400);
      }),
      { numRuns: 1000 },
    );
  });
});

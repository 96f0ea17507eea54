import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type UpgradeResponseCode,
  UpgradeResponseError,
  upgradeResponseCodes,
} from "#src/protocol/handshake/errors.js";
import type { ExtensionOffer } from "#src/protocol/handshake/extension-header.js";
import type { HandshakeResponse } from "#src/protocol/handshake/message.js";
import { readUpgradeRequest } from "#src/protocol/handshake/read-request.js";
import {
  readUpgradeResponse,
  type SentUpgradeRequest,
  type UpgradeResponse,
} from "#src/protocol/handshake/read-response.js";
import { createUpgradeRequest } from "#src/protocol/handshake/write-request.js";
import { writeUpgradeResponse } from "#src/protocol/handshake/write-response.js";
import { defaultLimits, type Limits } from "#src/protocol/limits.js";

const foo: ExtensionOffer = { name: "foo", parameters: [] };
const bar: ExtensionOffer = { name: "bar", parameters: [{ name: "baz", value: "2" }] };
const sent: SentUpgradeRequest = {
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  protocols: ["chat", "superchat"],
  extensions: [foo, bar, foo],
};

/** The response of RFC 6455 §1.3, line by line, so that a test can change one. */
const rfcHeaders: Readonly<Record<string, readonly string[]>> = {
  Upgrade: ["websocket"],
  Connection: ["Upgrade"],
  "Sec-WebSocket-Accept": ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
  "Sec-WebSocket-Protocol": ["chat"],
};

interface Changes extends Partial<Omit<HandshakeResponse, "rawHeaders">> {
  /** The lines of each header instead of the RFC's; none removes it. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
}

function makeResponse({ headers = {}, ...line }: Changes = {}): HandshakeResponse {
  const all = Object.entries({ ...rfcHeaders, ...headers });
  const rawHeaders = all.flatMap(([name, values]) => values.flatMap((value) => [name, value]));
  return { status: 101, httpVersion: "1.1", rawHeaders, ...line };
}

function read(changes?: Changes, request = sent, limits?: Partial<Limits>): UpgradeResponse {
  const result = readUpgradeResponse(makeResponse(changes), request, { ...defaultLimits, ...limits });
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.handshake;
}

function refuse(changes?: Changes, request = sent, limits?: Partial<Limits>): UpgradeResponseError {
  const result = readUpgradeResponse(makeResponse(changes), request, { ...defaultLimits, ...limits });
  assert.ok(!result.ok, "the response was accepted");
  assert.ok(result.error instanceof UpgradeResponseError);
  return result.error;
}

describe("§4.1 validating a server's response", () => {
  it("accepts the example of §1.3", () => {
    assert.deepEqual(read(), { protocol: "chat", extensions: [] });
  });

  it("accepts keywords in any case, Connection as a list, and whitespace around the accept value", () => {
    read({
      headers: {
        Upgrade: ["WebSocket"],
        Connection: ["keep-alive", ",UPGRADE"],
        "Sec-WebSocket-Accept": [" s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t"],
      },
    });
  });

  it("accepts a server that chose no subprotocol", () => {
    assert.equal(read({ headers: { "Sec-WebSocket-Protocol": [] } }).protocol, "");
  });

  it("accepts extensions that were offered, in the server's order, on one line or several (§4.2.2)", () => {
    for (const lines of [["bar; baz=3, foo"], ["bar; baz=3", "foo"]]) {
      const { extensions } = read({ headers: { "Sec-WebSocket-Extensions": lines } });
      assert.deepEqual(extensions, [{ name: "bar", parameters: [{ name: "baz", value: "3" }] }, foo]);
    }
  });

  it("accepts what our own server writes", () => {
    const address = { secure: true, host: "a.example", port: 443, target: "/" };
    const request = readUpgradeRequest(createUpgradeRequest({ ...address, ...sent }), defaultLimits);
    assert.ok(request.ok);
    const head = writeUpgradeResponse(request.handshake, { protocol: "superchat", extensions: [bar, foo] });
    const rawHeaders = head
      .trimEnd()
      .split("\r\n")
      .slice(1)
      .flatMap((line) => line.split(": "));
    const result = readUpgradeResponse({ status: 101, httpVersion: "1.1", rawHeaders }, sent, defaultLimits);
    assert.deepEqual(result, { ok: true, handshake: { protocol: "superchat", extensions: [bar, foo] } });
  });
});

describe("§4.1 failing the connection over a server's response", () => {
  const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  type Row = [why: string, changes: Changes, code: UpgradeResponseCode, observed?: string | number];
  const rows: Row[] = [
    ["a status other than 101", { status: 401 }, "response-status", 401],
    ["a status that promises well", { status: 200 }, "response-status", 200],
    ["HTTP/1.0", { httpVersion: "1.0" }, "response-http-version", "1.0"],
    ["no Upgrade", { headers: { Upgrade: [] } }, "response-upgrade-missing"],
    ["another Upgrade", { headers: { Upgrade: ["h2c"] } }, "response-upgrade-other", "h2c"],
    ["a list in Upgrade", { headers: { Upgrade: ["websocket, h2c"] } }, "response-upgrade-other", "websocket, h2c"],
    [
      "two Upgrades",
      { headers: { Upgrade: ["websocket", "websocket"] } },
      "response-upgrade-other",
      "websocket, websocket",
    ],
    ["no Connection", { headers: { Connection: [] } }, "response-connection", ""],
    ["another Connection", { headers: { Connection: ["close"] } }, "response-connection", "close"],
    ["no accept value", { headers: { "Sec-WebSocket-Accept": [] } }, "response-accept-missing"],
    ["two accept values", { headers: { "Sec-WebSocket-Accept": [accept, accept] } }, "response-accept-repeated", 2],
    [
      "an accept value in another case",
      { headers: { "Sec-WebSocket-Accept": [accept.toLowerCase()] } },
      "response-accept-wrong",
      accept.toLowerCase(),
    ],
    [
      "the key for an accept value",
      { headers: { "Sec-WebSocket-Accept": [sent.key] } },
      "response-accept-wrong",
      sent.key,
    ],
    ["an empty accept value", { headers: { "Sec-WebSocket-Accept": [""] } }, "response-accept-wrong", ""],
    [
      "two subprotocol headers",
      { headers: { "Sec-WebSocket-Protocol": ["chat", "chat"] } },
      "response-protocol-repeated",
      2,
    ],
    [
      "several subprotocols",
      { headers: { "Sec-WebSocket-Protocol": ["chat, superchat"] } },
      "response-protocol-malformed",
      "chat, superchat",
    ],
    ["an empty subprotocol", { headers: { "Sec-WebSocket-Protocol": [""] } }, "response-protocol-malformed", ""],
    [
      "a subprotocol that was not asked for",
      { headers: { "Sec-WebSocket-Protocol": ["other"] } },
      "response-protocol-not-requested",
      "other",
    ],
    [
      "a subprotocol in another case",
      { headers: { "Sec-WebSocket-Protocol": ["Chat"] } },
      "response-protocol-not-requested",
      "Chat",
    ],
    [
      "malformed extensions",
      { headers: { "Sec-WebSocket-Extensions": ["foo", "bar;"] } },
      "response-extensions-malformed",
      "bar;",
    ],
    [
      "an extension that was not offered",
      { headers: { "Sec-WebSocket-Extensions": ["other"] } },
      "response-extension-not-offered",
      "other",
    ],
    [
      "an extension named like a property",
      { headers: { "Sec-WebSocket-Extensions": ["__proto__"] } },
      "response-extension-not-offered",
      "__proto__",
    ],
    [
      "an extension twice",
      { headers: { "Sec-WebSocket-Extensions": ["foo, bar", "foo"] } },
      "response-extension-repeated",
      "foo",
    ],
  ];
  for (const [why, changes, code, observed] of rows) {
    it(`refuses ${why}`, () => {
      const error = refuse(changes);
      assert.equal(error.code, code);
      assert.equal(error.observed, observed);
    });
  }

  it("refuses any subprotocol and any extension where none was asked for", () => {
    const bare = { key: sent.key };
    assert.equal(refuse({}, bare).code, "response-protocol-not-requested");
    const headers = { "Sec-WebSocket-Protocol": [], "Sec-WebSocket-Extensions": ["foo"] };
    assert.equal(refuse({ headers }, bare).code, "response-extension-not-offered");
  });

  it("refuses the answer to another key", () => {
    assert.equal(refuse({}, { ...sent, key: "AQIDBAUGBwgJCgsMDQ4PEC==" }).code, "response-accept-wrong");
  });

  it("refuses more header lines or octets than the limits", () => {
    const bytes = makeResponse().rawHeaders.join("").length;
    read({}, sent, { maxHeaderCount: 4, maxHeaderBytes: bytes });
    const count = refuse({}, sent, { maxHeaderCount: 3 });
    assert.deepEqual([count.code, count.observed, count.limit], ["response-header-count", 4, 3]);
    const size = refuse({}, sent, { maxHeaderBytes: bytes - 1 });
    assert.deepEqual([size.code, size.observed, size.limit], ["response-header-bytes", bytes, bytes - 1]);
  });

  it("has a test for every code", () => {
    const tested = new Set<string>([
      ...rows.map(([, , code]) => code),
      "response-header-count",
      "response-header-bytes",
      // Judged by those who know the extension.
      "response-extension-parameters",
      // Tested with `readConnectResponse`.
      "response-connect-status",
    ]);
    assert.deepEqual([...upgradeResponseCodes].sort(), [...tested].sort());
  });

  it("never throws", () => {
    const name = fc.constantFrom(...Object.keys(rfcHeaders), "Sec-WebSocket-Extensions", "__proto__");
    const value = fc.oneof(
      fc.constantFrom(...Object.values(rfcHeaders).flat(), "", ",", "foo"),
      fc.string({ unit: "binary" }),
    );
    const response = fc.record({
      status: fc.oneof({ weight: 5, arbitrary: fc.constant(101) }, fc.integer(), fc.double()),
      httpVersion: fc.oneof({ weight: 5, arbitrary: fc.constant("1.1") }, fc.string()),
      rawHeaders: fc.oneof(
        fc.array(fc.oneof(name, value), { maxLength: 20 }),
        fc.array(fc.tuple(name, value), { maxLength: 2 }).map((more) => [...makeResponse().rawHeaders, ...more.flat()]),
      ),
    });
    fc.assert(
      fc.property(response, (input) => {
        const result = readUpgradeResponse(input, sent, defaultLimits);
        if (result.ok) assert.ok(["", "chat", "superchat"].includes(result.handshake.protocol));
      }),
      { numRuns: 1000 },
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProtocols, parseProtocols } from "#src/protocol/handshake/subprotocol.js";

describe("§4.1 the subprotocols of a request", () => {
  it("are a list of tokens in order of preference", () => {
    assert.deepEqual(parseProtocols(["chat, superchat"]), { ok: true, protocols: ["chat", "superchat"] });
    assert.deepEqual(parseProtocols(["v1.json,\tmqtt "]), { ok: true, protocols: ["v1.json", "mqtt"] });
  });

  it("may be spread over several lines (§11.3.4)", () => {
    assert.deepEqual(parseProtocols(["chat", "a, b"]), { ok: true, protocols: ["chat", "a", "b"] });
  });

  it("are none without a header", () => {
    assert.deepEqual(parseProtocols([]), { ok: true, protocols: [] });
  });

  it("are unique, case and all", () => {
    assert.deepEqual(parseProtocols(["a, b", "a"]), { ok: false, reason: "repeated", element: "a" });
    assert.deepEqual(parseProtocols(["chat, Chat"]), { ok: true, protocols: ["chat", "Chat"] });
    assert.deepEqual(parseProtocols(["__proto__, constructor"]), { ok: true, protocols: ["__proto__", "constructor"] });
  });

  it("are not empty and have no separators", () => {
    for (const [value, element] of [
      ["", ""],
      ["a,", ""],
      [",a", ""],
      ["a,,b", ""],
      ["a b", "a b"],
      ["a/1", "a/1"],
      ['"a"', '"a"'],
      ["é", "é"],
    ] as const) {
      assert.deepEqual(parseProtocols([value]), { ok: false, reason: "malformed", element }, value);
    }
  });

  it("are found in a number of steps that grows with the header", () => {
    const names = Array.from({ length: 8 * 1024 }, (_, index) => `p${index}`);
    assert.deepEqual(parseProtocols([names.join(",")]), { ok: true, protocols: names });
    assert.deepEqual(parseProtocols([",".repeat(64 * 1024)]), { ok: false, reason: "malformed", element: "" });
  });
});

describe("§4.1 asking for subprotocols", () => {
  it("joins them with commas", () => {
    assert.equal(formatProtocols(["chat", "superchat"]), "chat, superchat");
  });

  it("refuses one that is no token or comes twice", () => {
    for (const protocols of [[""], ["a b"], ["a,b"], ["a\r\nb"], ["a", "b", "a"]]) {
      assert.throws(() => formatProtocols(protocols), { name: "UsageError", code: "protocol-invalid" });
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { closeInfoOf, createWebSocketError } from "#src/client/whatwg/websocket-error.js";
import { WebSocketError } from "#src/index.js";

function nameOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).name;
  }
  return "nothing";
}

describe("WebSocketError", () => {
  it("is a DOMException with a name of its own and no legacy code", () => {
    const error = new WebSocketError("text");
    assert.ok(error instanceof DOMException);
    assert.deepEqual([error.name, error.message, Reflect.get(error, "code")], ["WebSocketError", "text", 0]);
    assert.equal(Object.prototype.toString.call(error), "[object WebSocketError]");
    assert.ok(error.stack?.includes("websocket-error.test"));
  });

  it("has neither code nor reason by default, and 1000 beside a reason", () => {
    const bare = new WebSocketError();
    assert.deepEqual([bare.message, bare.closeCode, bare.reason], ["", null, ""]);
    assert.equal(new WebSocketError("", { reason: "r" }).closeCode, 1000);
    assert.equal(new WebSocketError("", { reason: "" }).closeCode, null);
    const both = new WebSocketError("", { closeCode: 3456, reason: "r" });
    assert.deepEqual([both.closeCode, both.reason], [3456, "r"]);
  });

  it("takes no code that applications must not send, and no reason beyond 123 octets", () => {
    for (const closeCode of [0, 999, 1001, 1005, 1011, 2999, 5000, 65_535]) {
      assert.equal(
        nameOf(() => new WebSocketError("", { closeCode })),
        "InvalidAccessError",
        String(closeCode),
      );
    }
    for (const closeCode of [1000, 3000, 4999])
      assert.equal(new WebSocketError("", { closeCode }).closeCode, closeCode);
    assert.equal(
      nameOf(() => new WebSocketError("", { reason: "x".repeat(124) })),
      "SyntaxError",
    );
    assert.equal(
      nameOf(() => new WebSocketError("", { reason: "é".repeat(62) })),
      "SyntaxError",
    );
    assert.equal(new WebSocketError("", { reason: "é".repeat(61) }).reason.length, 61);
  });

  it("converts its arguments as Web IDL does", () => {
    const make = WebSocketError as unknown as new (...parameters: readonly unknown[]) => WebSocketError;
    assert.equal(WebSocketError.length, 0);
    assert.equal(new make(undefined, null).message, "");
    assert.equal(new make(12).message, "12");
    assert.equal(new make("", { closeCode: "3000.9" }).closeCode, 3000);
    assert.equal(new make("", { reason: "\ud800" }).reason, "\ufffd");
    for (const parameters of [
      [Symbol("s")],
      ["", true],
      ["", { closeCode: Number.NaN }],
      ["", { closeCode: 65_536 }],
      ["", { closeCode: -1 }],
      ["", { closeCode: 3000n }],
      ["", { reason: Symbol("s") }],
    ]) {
      assert.throws(() => new make(...parameters), TypeError);
    }
  });

  it("has attributes on its prototype that can be enumerated, and refuse other objects", () => {
    const { prototype } = WebSocketError;
    assert.deepEqual(Object.keys(prototype), ["closeCode", "reason"]);
    for (const name of ["closeCode", "reason"]) {
      const attribute = Object.getOwnPropertyDescriptor(prototype, name);
      assert.throws(() => attribute?.get?.call(new DOMException("", "WebSocketError")), TypeError);
    }
  });
});

describe("errors with codes of others", () => {
  it("may have any code, and tell their cause", () => {
    const cause = new Error("why");
    const error = createWebSocketError("text", 1006, "", cause);
    assert.deepEqual([error.closeCode, error.cause], [1006, cause]);
    assert.deepEqual(closeInfoOf(error), { closeCode: 1006, reason: "" });
    assert.equal("cause" in createWebSocketError("text", 1006, "", undefined), false);
  });

  it("are told from what merely looks like one", () => {
    for (const value of [
      undefined,
      null,
      "x",
      { closeCode: 3000, reason: "r" },
      Object.create(WebSocketError.prototype),
    ]) {
      assert.deepEqual(closeInfoOf(value), { closeCode: null, reason: "" });
    }
  });
});

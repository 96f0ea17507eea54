import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkClose, sendable, webSocketUrl } from "#src/web/arguments.js";

describe("§3 the address", () => {
  it("is a ws or wss URL, or the http or https one of the same place", () => {
    assert.equal(webSocketUrl("ws://example.com/chat?room=1"), "ws://example.com/chat?room=1");
    assert.equal(webSocketUrl(new URL("wss://example.com")), "wss://example.com/");
    assert.equal(webSocketUrl("http://example.com:8080"), "ws://example.com:8080/");
    assert.equal(webSocketUrl("HTTPS://example.com"), "wss://example.com/");
  });

  it("is nothing else, and has no fragment", () => {
    for (const wrong of ["", "nonsense", "/path", "ftp://example.com", "wsx://example.com", "ws://", "ws://a/#b"]) {
      assert.throws(() => webSocketUrl(wrong), { name: "UsageError", code: "url-invalid", observed: wrong });
    }
  });

  it("may be relative in a page", (t) => {
    Object.defineProperty(globalThis, "location", {
      value: { href: "https://example.com/app/page.html" },
      configurable: true,
    });
    t.after(() => Reflect.deleteProperty(globalThis, "location"));
    assert.equal(webSocketUrl("/live"), "wss://example.com/live");
    assert.equal(webSocketUrl("live"), "wss://example.com/app/live");
    assert.equal(webSocketUrl("ws://other.example/"), "ws://other.example/");
  });
});

describe("what is sent", () => {
  it("goes to the platform as it is, and is not copied", () => {
    const octets = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    const view = new DataView(octets.buffer, 1, 2);
    for (const data of ["text", "", octets, view, octets.buffer]) assert.equal(sendable(data), data);
  });

  it("is copied out of memory that is shared, which platforms refuse", () => {
    const shared = new SharedArrayBuffer(4);
    new Uint8Array(shared).set([1, 2, 3, 4]);
    for (const [data, expected] of [
      [shared, [1, 2, 3, 4]],
      [new Uint8Array(shared, 1, 2), [2, 3]],
      [new DataView(shared, 2), [3, 4]],
    ] as const) {
      const copy = sendable(data);
      assert.ok(copy instanceof Uint8Array && copy.buffer instanceof ArrayBuffer);
      assert.deepEqual(Array.from(copy), expected);
    }
  });

  it("is text or octets", () => {
    const wrong: unknown[] = [undefined, null, 1, {}, [1, 2], new Blob([])];
    for (const data of wrong) {
      assert.throws(() => sendable(data as string), { name: "UsageError", code: "invalid-argument" });
    }
  });
});

describe("the arguments of close", () => {
  it("are codes that a page may send, and reasons of 123 octets", () => {
    for (const code of [1000, 3000, 4000, 4999]) checkClose(code, "");
    checkClose(1000, "é".repeat(61));
  });

  it("are no other codes", () => {
    for (const code of [0, 999, 1001, 1005, 1011, 2999, 5000, Number.NaN, -1]) {
      assert.throws(() => checkClose(code, ""), { code: "close-code-not-sendable", observed: code });
    }
  });

  it("are no longer reasons, counted in octets of UTF-8", () => {
    assert.throws(() => checkClose(1000, "é".repeat(62)), {
      code: "close-reason-too-long",
      observed: 124,
      limit: 123,
    });
  });
});

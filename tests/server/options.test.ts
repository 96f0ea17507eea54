import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveServerOptions } from "#src/server/options.js";

describe("the options of servers", () => {
  it("have a default each, beside those of their sockets", () => {
    const { handshakeTimeoutMs, maxWaitingSockets, closeTimeoutMs } = resolveServerOptions({});
    assert.deepEqual([handshakeTimeoutMs, maxWaitingSockets, closeTimeoutMs], [10_000, 1024, 10_000]);
  });

  it("keep what is given", () => {
    const resolved = resolveServerOptions({ handshakeTimeoutMs: 5, maxWaitingSockets: 0, maxInboxBytes: 7 });
    assert.deepEqual([resolved.handshakeTimeoutMs, resolved.maxWaitingSockets, resolved.maxInboxBytes], [5, 0, 7]);
  });

  it("refuse what is no limit", () => {
    for (const name of ["handshakeTimeoutMs", "maxWaitingSockets"] as const) {
      for (const value of [-1, 0.5, Number.NaN, "5"]) {
        assert.throws(() => resolveServerOptions({ [name]: value }), { code: "invalid-limit" });
      }
    }
    assert.throws(() => resolveServerOptions({ handshakeTimeoutMs: 2 ** 31 }), { code: "invalid-limit" });
  });
});

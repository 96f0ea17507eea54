import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveServerOptions } from "#src/server/options.js";

describe("the options of servers", () => {
  it("have a default each, beside those of their sockets", () => {
    const { handshakeTimeoutMs, maxWaitingSockets, maxTopicsPerSocket, closeTimeoutMs } = resolveServerOptions({});
    assert.deepEqual(
      [handshakeTimeoutMs, maxWaitingSockets, maxTopicsPerSocket, closeTimeoutMs],
      [10_000, 1024, 1024, 10_000],
    );
  });

  it("keep what is given", () => {
    const given = { handshakeTimeoutMs: 5, maxWaitingSockets: 0, maxTopicsPerSocket: 3 };
    const resolved = resolveServerOptions({ ...given, maxInboxBytes: 7, messageMemory: "lent" });
    const { handshakeTimeoutMs, maxWaitingSockets, maxTopicsPerSocket, maxInboxBytes, messageMemory } = resolved;
    assert.deepEqual({ handshakeTimeoutMs, maxWaitingSockets, maxTopicsPerSocket }, given);
    assert.deepEqual([maxInboxBytes, messageMemory], [7, "lent"]);
  });

  it("refuse what is no limit", () => {
    for (const name of ["handshakeTimeoutMs", "maxWaitingSockets", "maxTopicsPerSocket"] as const) {
      for (const value of [-1, 0.5, Number.NaN, "5"]) {
        assert.throws(() => resolveServerOptions({ [name]: value }), { code: "invalid-limit" });
      }
    }
    assert.throws(() => resolveServerOptions({ handshakeTimeoutMs: 2 ** 31 }), { code: "invalid-limit" });
  });
});

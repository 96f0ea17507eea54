import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveServerOptions } from "#src/server/options.js";

describe("the options of servers", () => {
  it("have a default each, beside those of their sockets", () => {
    const resolved = resolveServerOptions({});
    const { handshakeTimeoutMs, maxWaitingSockets, maxTopicsPerSocket, maxTopicLength, closeTimeoutMs } = resolved;
    assert.deepEqual([handshakeTimeoutMs, closeTimeoutMs], [10_000, 10_000]);
    assert.deepEqual([maxWaitingSockets, maxTopicsPerSocket, maxTopicLength], [1024, 1024, 1024]);
  });

  it("keep what is given", () => {
    const given = { handshakeTimeoutMs: 5, maxWaitingSockets: 0, maxTopicsPerSocket: 3, maxTopicLength: 4 };
    const resolved = resolveServerOptions({ ...given, maxInboxBytes: 7, messageMemory: "lent" });
    for (const name of Object.keys(given) as (keyof typeof given)[]) assert.equal(resolved[name], given[name]);
    assert.deepEqual([resolved.maxInboxBytes, resolved.messageMemory], [7, "lent"]);
  });

  it("let the default be given where it is no limit at all", () => {
    const given = { maxConnections: Infinity, maxConnectionsPerAddress: Infinity };
    const { maxConnections, maxConnectionsPerAddress } = resolveServerOptions(given);
    assert.deepEqual({ maxConnections, maxConnectionsPerAddress }, given);
    assert.throws(() => resolveServerOptions({ maxPendingUpgrades: Infinity }), { code: "invalid-limit" });
  });

  it("refuse what is no limit", () => {
    for (const name of ["handshakeTimeoutMs", "maxWaitingSockets", "maxTopicsPerSocket", "maxTopicLength"] as const) {
      for (const value of [-1, 0.5, Number.NaN, "5"]) {
        assert.throws(() => resolveServerOptions({ [name]: value }), { code: "invalid-limit" });
      }
    }
    assert.throws(() => resolveServerOptions({ handshakeTimeoutMs: 2 ** 31 }), { code: "invalid-limit" });
  });
});

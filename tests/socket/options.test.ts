import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultLimits } from "#src/protocol/index.js";
import type { SocketOptions } from "#src/socket/index.js";
import { maxTimerMs, resolveSocketOptions } from "#src/socket/index.js";

describe("the options of sockets", () => {
  it("have a default each", () => {
    assert.deepEqual(resolveSocketOptions({}), {
      limits: defaultLimits,
      highWaterMarkBytes: 64 * 1024,
      maxSendBufferBytes: 64 * 1024 * 1024,
      slowPeer: "close",
      maxInboxBytes: 64 * 1024,
      messageMemory: "own",
      closeTimeoutMs: 10_000,
      perMessageDeflate: {
        wanted: {
          serverNoContextTakeover: false,
          clientNoContextTakeover: false,
          serverMaxWindowBits: 12,
          clientMaxWindowBits: 12,
        },
        thresholdBytes: undefined,
        level: undefined,
        maxWindowMemoryBytes: undefined,
      },
    });
  });

  it("keep what is given, also undefined for the default", () => {
    const resolved = resolveSocketOptions({
      limits: { maxMessageBytes: 5 },
      highWaterMarkBytes: 0,
      slowPeer: "refuse",
      messageMemory: "lent",
      perMessageDeflate: false,
      closeTimeoutMs: maxTimerMs,
    });
    assert.equal(resolved.limits.maxMessageBytes, 5);
    assert.equal(resolved.limits.maxFrameBytes, defaultLimits.maxFrameBytes);
    assert.equal(resolved.highWaterMarkBytes, 0);
    assert.equal(resolved.slowPeer, "refuse");
    assert.equal(resolved.messageMemory, "lent");
    assert.equal(resolveSocketOptions({ messageMemory: "own" }).messageMemory, "own");
    assert.equal(resolved.closeTimeoutMs, maxTimerMs);
  });

  it("refuse what is no limit", () => {
    const names = ["highWaterMarkBytes", "maxSendBufferBytes", "maxInboxBytes", "closeTimeoutMs"] as const;
    for (const name of names) {
      for (const value of [-1, 1.5, Number.NaN, Infinity, "64", null]) {
        assert.throws(
          () => resolveSocketOptions({ [name]: value }),
          (error: Error) => {
            assert.match(error.message, new RegExp(name));
            return (error as { code?: string }).code === "invalid-limit";
          },
        );
      }
    }
    // Beyond it, timers fire at once.
    assert.throws(() => resolveSocketOptions({ closeTimeoutMs: maxTimerMs + 1 }), { code: "invalid-limit" });
  });

  it("refuse what is none of the allowed", () => {
    assert.throws(() => resolveSocketOptions({ slowPeer: "drop" } as unknown as SocketOptions), {
      code: "invalid-argument",
    });
    assert.throws(() => resolveSocketOptions({ messageMemory: "shared" } as unknown as SocketOptions), {
      code: "invalid-argument",
    });
  });
});

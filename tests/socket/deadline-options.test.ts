import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveDeadlines } from "#src/socket/deadline-options.js";
import type { DeadlineOptions } from "#src/socket/index.js";
import { maxTimerMs } from "#src/socket/index.js";

describe("the deadlines of sockets", () => {
  it("have a default each", () => {
    assert.deepEqual(resolveDeadlines({}), {
      heartbeat: { intervalMs: 25_000, timeoutMs: 20_000, jitter: 0.2 },
      messageTimeoutMs: 120_000,
      sendTimeoutMs: 60_000,
      idleTimeoutMs: undefined,
      stepMs: 1000,
    });
  });

  it("keep what is given, and each can be done without", () => {
    const some = resolveDeadlines({ heartbeat: { intervalMs: 400, jitter: 0 }, idleTimeoutMs: 5000 });
    assert.deepEqual(some.heartbeat, { intervalMs: 400, timeoutMs: 20_000, jitter: 0 });
    assert.equal(some.idleTimeoutMs, 5000);
    const none = resolveDeadlines({
      heartbeat: false,
      messageTimeoutMs: false,
      sendTimeoutMs: false,
      idleTimeoutMs: false,
    });
    assert.deepEqual(
      [none.heartbeat, none.messageTimeoutMs, none.sendTimeoutMs, none.idleTimeoutMs],
      [undefined, undefined, undefined, undefined],
    );
  });

  it("are looked at eight times in the shortest of them, but neither every moment nor more than once a second", () => {
    assert.equal(resolveDeadlines({ sendTimeoutMs: 400 }).stepMs, 50);
    assert.equal(resolveDeadlines({ sendTimeoutMs: 1 }).stepMs, 10);
    assert.equal(resolveDeadlines({ heartbeat: { timeoutMs: 4000 } }).stepMs, 500);
  });

  it("refuse what is none", () => {
    for (const name of ["messageTimeoutMs", "sendTimeoutMs", "idleTimeoutMs"] as const) {
      for (const value of [0, -1, 1.5, Number.NaN, maxTimerMs + 1, "5", null, true]) {
        assert.throws(() => resolveDeadlines({ [name]: value }), {
          code: "invalid-limit",
          message: new RegExp(name),
        });
      }
    }
    for (const heartbeat of [
      { intervalMs: 0 },
      { timeoutMs: 0.5 },
      { jitter: -0.1 },
      { jitter: 1.1 },
      { jitter: "1" },
    ]) {
      assert.throws(() => resolveDeadlines({ heartbeat } as unknown as DeadlineOptions), { code: "invalid-limit" });
    }
    for (const heartbeat of [true, null, 5]) {
      assert.throws(() => resolveDeadlines({ heartbeat } as unknown as DeadlineOptions), { code: "invalid-argument" });
    }
  });
});

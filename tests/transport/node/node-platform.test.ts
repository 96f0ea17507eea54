import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeClock, nodePlatform, PooledMaskingKeys } from "#src/transport/node/index.js";

describe("Node's clock", () => {
  it("never goes back", () => {
    let last = nodeClock.now();
    for (let index = 0; index < 1000; index++) {
      const now = nodeClock.now();
      assert.ok(now >= last);
      last = now;
    }
  });

  it("calls a timer once, after its delay", async () => {
    const startedAtMs = nodeClock.now();
    let calls = 0;
    await new Promise<void>((resolve) => {
      const timer = nodeClock.setTimer(() => {
        calls++;
        timer.cancel();
        resolve();
      }, 5);
    });
    assert.equal(calls, 1);
    assert.ok(nodeClock.now() - startedAtMs >= 4);
  });

  it("does not call a timer that was cancelled", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const timer = nodeClock.setTimer(() => assert.fail("it was cancelled"), 10);
    timer.cancel();
    timer.cancel();
    t.mock.timers.tick(1000);
  });
});

describe("masking keys out of a pool (§5.3)", () => {
  it("do not repeat, also after the pool was used up", () => {
    const keys = new PooledMaskingKeys(16);
    const seen = new Set<number>();
    for (let index = 0; index < 1000; index++) {
      const key = keys.next();
      assert.ok(Number.isInteger(key) && key >= -0x80000000 && key <= 0x7fffffff);
      seen.add(key);
    }
    // A thousand out of 2^32 collide about once in ten thousand runs; twice, never.
    assert.ok(seen.size >= 998);
  });

  it("differ from source to source", () => {
    const first = new PooledMaskingKeys();
    const second = new PooledMaskingKeys();
    assert.notDeepEqual(
      Array.from({ length: 4 }, () => first.next()),
      Array.from({ length: 4 }, () => second.next()),
    );
  });
});

describe("Node as a platform", () => {
  it("has randomness of any length", () => {
    assert.equal(nodePlatform.randomBytes(16).byteLength, 16);
    assert.notDeepEqual(nodePlatform.randomBytes(16), nodePlatform.randomBytes(16));
  });

  it("lends buffers", () => {
    const buffer = nodePlatform.pool.acquire(1);
    assert.equal(buffer.byteLength, nodePlatform.pool.sizes.smallBytes);
    nodePlatform.pool.release(buffer);
  });

  it("prints errors that nobody handles", (t) => {
    const printed = t.mock.method(console, "error", () => undefined);
    const error = new Error("unhandled");
    nodePlatform.reportError(error, "the message handler");
    assert.match(String(printed.mock.calls[0]?.arguments[0]), /the message handler/);
    assert.equal(printed.mock.calls[0]?.arguments[1], error);
  });
});

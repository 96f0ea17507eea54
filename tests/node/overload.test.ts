import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, type LoadProbe, overload, serve, UpgradeRefusedError } from "#src/index.js";
import { lateness } from "#src/node/overload.js";

class Probe implements LoadProbe {
  delayMs = 0;
  bytes = 0;
  heap = 0;
  look: () => void = () => undefined;
  isStopped = false;

  eventLoopDelayMs(): number {
    return this.delayMs;
  }

  memoryBytes(): number {
    return this.bytes;
  }

  heapBytes(): number {
    return this.heap;
  }

  every(_intervalMs: number, callback: () => void): { stop(): void } {
    this.look = callback;
    return { stop: () => (this.isStopped = true) };
  }
}

describe("an overload", () => {
  it("is told by a late event loop, until that is well below the limit again", () => {
    const probe = new Probe();
    const isOverloaded = overload({ maxEventLoopDelayMs: 50 }, probe);
    const told = [0, 50, 51, 46, 45, 46].map((delayMs) => {
      probe.delayMs = delayMs;
      probe.look();
      return isOverloaded();
    });
    assert.deepEqual(told, [false, false, true, true, false, false]);
    probe.delayMs = 80;
    probe.look();
    assert.deepEqual(isOverloaded.report, {
      eventLoopDelayMs: 80,
      memoryBytes: 0,
      heapBytes: 0,
      reason: "the event loop is 80 ms late (maxEventLoopDelayMs)",
    });
    isOverloaded.stop();
    assert.equal(probe.isStopped, true);
  });

  it("is told by memory", () => {
    const probe = new Probe();
    const isOverloaded = overload({ maxEventLoopDelayMs: false, maxMemoryBytes: 1000 }, probe);
    probe.delayMs = 1e9;
    probe.bytes = 1001;
    probe.look();
    assert.equal(isOverloaded.report.reason, "1001 octets of memory (maxMemoryBytes)");
    probe.bytes = 900;
    probe.look();
    assert.equal(isOverloaded(), false);
  });

  it("is told by the heap, whatever memory the machine has", () => {
    const probe = new Probe();
    const isOverloaded = overload({ maxHeapBytes: 1000 }, probe);
    probe.heap = 1001;
    probe.look();
    assert.equal(isOverloaded.report.reason, "1001 octets of heap (maxHeapBytes)");
    probe.heap = 899;
    probe.look();
    assert.equal(isOverloaded(), false);
  });

  it("is over when the figure that told it is well again, however close to their limits the others are", () => {
    const probe = new Probe();
    const isOverloaded = overload({ maxEventLoopDelayMs: 50, maxMemoryBytes: 1000 }, probe);
    probe.bytes = 950;
    probe.delayMs = 51;
    probe.look();
    assert.equal(isOverloaded.report.reason, "the event loop is 51 ms late (maxEventLoopDelayMs)");
    probe.delayMs = 0;
    probe.look();
    assert.equal(isOverloaded(), false);
  });

  it("takes an event loop that did not even measure for as late as it was", () => {
    assert.equal(lateness(50, 21, 20, 1000), 1);
    assert.equal(lateness(3, 19, 20, 1000), 0);
    assert.equal(lateness(0, 0, 20, 2500), 2480);
  });

  it("refuses limits that are none", () => {
    for (const value of [0, -1, Number.NaN]) {
      assert.throws(() => overload({ maxMemoryBytes: value }, new Probe()), { code: "invalid-limit" });
    }
  });

  it("looks at this process, and lets it end", async () => {
    const isOverloaded = overload({ maxEventLoopDelayMs: false, maxMemoryBytes: 1 });
    assert.ok(isOverloaded.report.memoryBytes > 1e6);
    isOverloaded.stop();
  });

  it("keeps connections out, who are told when to come back", async (t) => {
    let isFull = true;
    const server = await serve({ port: 0, host: "127.0.0.1", message: () => undefined, isOverloaded: () => isFull });
    t.after(() => server.close());
    await assert.rejects(connect(server.url), (error) => {
      assert.ok(error instanceof UpgradeRefusedError);
      assert.deepEqual([error.status, error.headers.get("retry-after")], [503, "5"]);
      return true;
    });
    isFull = false;
    await (await connect(server.url)).close();
  });
});

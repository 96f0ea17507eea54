import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClockOffset } from "../../demos/live/shared/clock-offset.js";
import { Comparison, median } from "../../demos/live/shared/comparison.js";
import { serverFrameBytes } from "../../demos/live/shared/frame-size.js";
import { Outbox } from "../../demos/live/shared/outbox.js";

describe("the outbox", () => {
  const message = (messageId: string): { messageId: string; text: string } => ({ messageId, text: messageId });

  it("hands out one message at a time, in order", () => {
    const outbox = new Outbox(3);
    assert.ok(outbox.add(message("a")));
    assert.ok(outbox.add(message("b")));
    assert.equal(outbox.take()?.messageId, "a");
    assert.equal(outbox.take(), undefined);
    assert.equal(outbox.settle("a")?.messageId, "a");
    assert.equal(outbox.take()?.messageId, "b");
  });

  it("hands a message out again after its connection broke, with the same id", () => {
    const outbox = new Outbox(3);
    outbox.add(message("a"));
    outbox.take();
    outbox.release();
    assert.equal(outbox.take()?.messageId, "a");
  });

  it("settles a message once", () => {
    const outbox = new Outbox(3);
    outbox.add(message("a"));
    outbox.take();
    assert.ok(outbox.settle("a"));
    assert.equal(outbox.settle("a"), undefined);
    assert.equal(outbox.take(), undefined);
  });

  it("takes no more than its bound", () => {
    const outbox = new Outbox(1);
    assert.ok(outbox.add(message("a")));
    assert.ok(!outbox.add(message("b")));
    assert.deepEqual(outbox.pending, [message("a")]);
  });
});

describe("the clock offset", () => {
  it("believes the exchange with the shortest round trip", () => {
    const clock = new ClockOffset();
    assert.equal(clock.offsetMs, undefined);
    clock.add(100, 5_000, 180);
    clock.add(200, 5_102, 204);
    clock.add(300, 5_400, 350);
    assert.equal(clock.offsetMs, 4_900);
    assert.equal(clock.roundTripMs, 4);
  });

  it("forgets old exchanges, because clocks drift", () => {
    const clock = new ClockOffset();
    clock.add(0, 1_000, 1);
    for (let count = 1; count <= 20; count += 1) clock.add(count * 100, count * 100 + 2_005, count * 100 + 10);
    assert.equal(clock.offsetMs, 2_000);
  });

  it("ignores an answer from before its question, and starts anew when told", () => {
    const clock = new ClockOffset();
    clock.add(10, 1_000, 5);
    assert.equal(clock.exchanges, 0);
    clock.add(10, 1_000, 12);
    clock.reset();
    assert.equal(clock.offsetMs, undefined);
  });
});

describe("the median", () => {
  it("is the middle, or the mean of the two in the middle", () => {
    assert.equal(median([]), undefined);
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 30]), 3);
  });
});

describe("the comparison", () => {
  const update = (sequence: number): { sequence: number; value: number; serverTimeMs: number } => ({
    sequence,
    value: 0,
    serverTimeMs: sequence * 100,
  });

  it("puts both ways of an update in one row, whichever came first", () => {
    const comparison = new Comparison(10_000);
    comparison.record("webSocket", update(1), 101, 80);
    comparison.record("polling", update(2), 600, 130);
    comparison.record("webSocket", update(3), 302, 80);
    comparison.record("polling", update(1), 600, 130);
    assert.deepEqual(comparison.columns("latencyMs", 1_000), [
      [-0.9, -0.8, -0.7],
      [500, 400, null],
      [1, null, 2],
    ]);
    assert.deepEqual(comparison.columns("bytes", 1_000).slice(1), [
      [130, 130, null],
      [80, null, 80],
    ]);
  });

  it("counts an update once per way", () => {
    const comparison = new Comparison(10_000);
    comparison.record("polling", update(1), 200, 130);
    comparison.record("polling", update(1), 900, 500);
    assert.deepEqual(comparison.figures("polling"), { received: 1, medianLatencyMs: 100, bytesPerUpdate: 130 });
    assert.deepEqual(comparison.figures("webSocket"), {
      received: 0,
      medianLatencyMs: undefined,
      bytesPerUpdate: undefined,
    });
  });

  it("lets figures look back to a time, and keeps the totals", () => {
    const comparison = new Comparison(10_000);
    comparison.record("polling", update(1), 1_100, 10);
    comparison.record("polling", update(2), 300, 20);
    assert.deepEqual(comparison.figures("polling", 150), { received: 2, medianLatencyMs: 100, bytesPerUpdate: 20 });
  });

  it("drops what is older than its window, and everything when the server restarts", () => {
    const comparison = new Comparison(1_000);
    comparison.record("webSocket", update(1), 101, 80);
    comparison.record("webSocket", update(11), 1_101, 80);
    comparison.trim(1_150);
    assert.deepEqual(comparison.columns("bytes", 1_100), [[0], [null], [80]]);
    comparison.clear();
    assert.deepEqual(comparison.columns("bytes", 1_100), [[], [], []]);
    assert.equal(comparison.figures("webSocket").received, 2);
  });

  it("never reports a latency below zero, however the clocks were estimated", () => {
    const comparison = new Comparison(1_000);
    comparison.record("webSocket", update(1), 99.8, 80);
    assert.equal(comparison.figures("webSocket").medianLatencyMs, 0);
  });
});

describe("the size of a server's frame (§5.2)", () => {
  it("counts the header's length forms and the payload's UTF-8", () => {
    assert.equal(serverFrameBytes(""), 2);
    assert.equal(serverFrameBytes("é"), 4);
    assert.equal(serverFrameBytes("x".repeat(125)), 127);
    assert.equal(serverFrameBytes("x".repeat(126)), 130);
    assert.equal(serverFrameBytes("x".repeat(65_535)), 65_539);
    assert.equal(serverFrameBytes("x".repeat(65_536)), 65_546);
  });
});

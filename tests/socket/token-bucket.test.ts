import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "#src/socket/token-bucket.js";

const rate = fc.double({ min: 0.01, max: 10_000, noNaN: true });
const burst = fc.integer({ min: 1, max: 10_000 });
const event = fc.record({ passMs: fc.nat({ max: 5000 }), count: fc.integer({ min: 1, max: 5000 }) });
const events = fc.array(event, { maxLength: 60 });

describe("a token bucket", () => {
  it("never gives more than it held and what came back, in any span of time", () => {
    fc.assert(
      fc.property(rate, burst, events, (perSecond, size, steps) => {
        const bucket = new TokenBucket(perSecond, size, 0);
        const taken: { readonly atMs: number; readonly count: number }[] = [];
        let nowMs = 0;
        for (const { passMs, count } of steps) {
          nowMs += passMs;
          if (bucket.takeIfThere(count, nowMs)) taken.push({ atMs: nowMs, count });
        }
        for (const [index, first] of taken.entries()) {
          let sum = 0;
          for (const { atMs, count } of taken.slice(index)) {
            sum += count;
            assert.ok(sum <= size + ((atMs - first.atMs) / 1000) * perSecond + 1e-3);
          }
        }
      }),
    );
  });

  it("holds what came back while nobody could take any, for as long again", () => {
    const inTime = new TokenBucket(10, 10, 0);
    inTime.missed(5000, 5000);
    assert.equal(inTime.tokensAt(5000), 60);
    assert.equal(inTime.takeIfThere(60, 9999), true);
    assert.equal(inTime.takeIfThere(1, 9999), false);
    const late = new TokenBucket(10, 10, 0);
    late.missed(5000, 5000);
    assert.equal(late.tokensAt(10_000), 10);
  });

  it("gives everything to whoever asks no faster than it fills", () => {
    fc.assert(
      fc.property(rate, burst, fc.integer({ min: 1, max: 200 }), (perSecond, size, rounds) => {
        const bucket = new TokenBucket(perSecond, size, 0);
        for (let round = 0; round < rounds; round++) {
          assert.equal(bucket.takeIfThere(1, round * (1000 / perSecond)), true);
        }
      }),
    );
  });

  it("owes what was taken beyond it, for exactly as long as that takes to come back", () => {
    fc.assert(
      fc.property(rate, burst, events, (perSecond, size, steps) => {
        const bucket = new TokenBucket(perSecond, size, 0);
        let nowMs = 0;
        for (const { passMs, count } of steps) {
          nowMs += passMs;
          bucket.take(count, nowMs);
          const waitMs = bucket.owesForMs(nowMs);
          assert.equal(waitMs > 0, bucket.isOwingAt(nowMs));
          assert.equal(bucket.isOwingAt(nowMs + waitMs), false);
          if (waitMs > 1) assert.ok(bucket.tokensAt(nowMs + waitMs - 1) <= 1e-6);
        }
      }),
    );
  });

  it("holds no more than its burst, however long nobody asks, and takes nothing where it refuses", () => {
    const bucket = new TokenBucket(10, 5, 0);
    assert.equal(bucket.tokensAt(1_000_000), 5);
    assert.equal(bucket.takeIfThere(6, 1_000_000), false);
    assert.equal(bucket.tokensAt(1_000_000), 5);
    assert.equal(bucket.takeIfThere(5, 1_000_000), true);
    assert.equal(bucket.tokensAt(1_000_100), 1);
  });
});

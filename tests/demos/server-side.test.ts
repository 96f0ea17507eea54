import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TokenBucket } from "../../demos/live/rate-limit.js";
import { UpdateStream } from "../../demos/live/updates.js";
import { isSameOrigin } from "../../demos/site/origin.js";

describe("the token bucket", () => {
  it("lets a burst through, then says how long to wait", () => {
    const bucket = new TokenBucket(2, 4, 0);
    assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [0, 0, 250]);
    assert.equal(bucket.take(250), 0);
  });

  it("holds no more than its capacity, and no less when the clock goes backward", () => {
    const bucket = new TokenBucket(1, 1, 0);
    assert.equal(bucket.take(100_000), 0);
    assert.equal(bucket.take(100_000), 1_000);
    assert.equal(bucket.take(50_000), 1_000);
  });
});

describe("the update stream", () => {
  it("numbers its updates and stamps them", () => {
    const stream = new UpdateStream(10, () => 0.5);
    assert.deepEqual(stream.next(1_000.126), { sequence: 1, value: 100, serverTimeMs: 1_000.13 });
    assert.equal(stream.next(1_100).sequence, 2);
  });

  it("hands out what came after an update, as far as it is kept", () => {
    const stream = new UpdateStream(3, () => 0.5);
    for (let count = 1; count <= 5; count += 1) stream.next(count);
    const after = (sequence: number | undefined): number[] => stream.after(sequence).map((update) => update.sequence);
    assert.deepEqual(after(4), [5]);
    assert.deepEqual(after(5), []);
    assert.deepEqual(after(0), [3, 4, 5]);
  });

  it("hands out the newest alone to a newcomer, and to one who comes from an earlier run", () => {
    const stream = new UpdateStream(3, () => 0.5);
    assert.deepEqual(stream.after(undefined), []);
    stream.next(1);
    stream.next(2);
    assert.deepEqual(
      [stream.after(undefined), stream.after(900)].map((updates) => updates.map(({ sequence }) => sequence)),
      [[2], [2]],
    );
  });

  it("stays near its start", () => {
    const stream = new UpdateStream(1, () => 1);
    for (let count = 0; count < 10_000; count += 1) stream.next(count);
    assert.ok((stream.after(undefined)[0]?.value ?? 0) < 200);
  });
});

describe("the same-origin check (§10.2)", () => {
  it("accepts a page of this server, whether a default port is written out or not", () => {
    assert.ok(isSameOrigin("http://localhost:8080", "localhost:8080"));
    assert.ok(isSameOrigin("http://192.168.1.7:8080", "192.168.1.7:8080"));
    assert.ok(isSameOrigin("http://[::1]:8080", "[::1]:8080"));
    assert.ok(isSameOrigin("https://example.com", "example.com:443"));
  });

  it("refuses every other page, and whoever does not say where they come from", () => {
    for (const origin of [
      null,
      "",
      "null",
      "http://localhost:8081",
      "http://evil.test",
      "file:///",
      "localhost:8080",
    ]) {
      assert.ok(!isSameOrigin(origin, "localhost:8080"), String(origin));
    }
    assert.ok(!isSameOrigin("http://localhost:8080.evil.test", "localhost:8080"));
    assert.ok(!isSameOrigin("http://localhost:8080", null));
    assert.ok(!isSameOrigin("http://localhost", "local host"));
  });
});

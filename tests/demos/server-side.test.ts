import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSameOrigin } from "../../demos/site/origin.js";
import { TokenBucket } from "../../demos/site/rate-limit.js";

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

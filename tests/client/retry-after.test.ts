import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UpgradeRefusedError } from "#src/client/index.js";
import { parseRetryAfter } from "#src/client/retry-after.js";

const now = Date.UTC(1994, 10, 6, 8, 49, 0);

describe("RFC 9110 §10.2.3 Retry-After", () => {
  it("is a number of seconds", () => {
    assert.equal(parseRetryAfter("0", now), 0);
    assert.equal(parseRetryAfter("120", now), 120_000);
    assert.equal(parseRetryAfter("9".repeat(400), now), Number.MAX_SAFE_INTEGER);
  });

  it("is a date in each of the three formats (§5.6.7)", () => {
    for (const date of [
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ]) {
      assert.equal(parseRetryAfter(date, now), 37_000, date);
    }
    assert.equal(parseRetryAfter("Sat, 31 Dec 1994 23:59:60 GMT", now), Date.UTC(1995, 0, 1) - now);
  });

  it("is at once where the date has passed", () => {
    assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:48:00 GMT", now), 0);
    assert.equal(parseRetryAfter("Thu, 01 Jan 0050 00:00:00 GMT", now), 0);
  });

  it("takes two digits of a year for the next 50 years, or the last 50", () => {
    assert.equal(parseRetryAfter("Sunday, 06-Nov-44 08:49:37 GMT", now), 0);
    const in2026 = Date.UTC(2026, 0, 1);
    assert.equal(parseRetryAfter("Friday, 01-Jan-76 00:00:00 GMT", in2026), Date.UTC(2076, 0, 1) - in2026);
    assert.equal(parseRetryAfter("Saturday, 01-Jan-77 00:00:00 GMT", in2026), 0);
  });

  it("is nothing where it is neither", () => {
    const values = [
      "",
      "-1",
      "1.5",
      "1e3",
      " 5",
      "5, 5",
      "soon",
      "0x10",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 CET",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT",
      "Tue, 30 Feb 1999 08:49:37 GMT",
      "Tue, 00 Feb 1999 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "1994-11-06T08:49:37Z",
    ];
    for (const value of values) assert.equal(parseRetryAfter(value, now), undefined, value);
  });

  it("is told by a refusal, by the time that it is given or by the system's", () => {
    const refusal = (...headers: readonly string[]) => new UpgradeRefusedError(503, headers, new Uint8Array(0));
    assert.equal(refusal("Retry-After", "7").retryAfterMs(), 7000);
    assert.equal(refusal("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT").retryAfterMs(now), 37_000);
    assert.equal(refusal("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT").retryAfterMs(), 0);
    assert.equal(refusal("Retry-After", "7", "Retry-After", "8").retryAfterMs(), undefined);
    assert.equal(refusal().retryAfterMs(), undefined);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, ratio, rounded, summarize } from "../lib/summary.js";

describe("median", () => {
  it("is the one in the middle, or between the two", () => {
    assert.equal(median([3]), 3);
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });

  it("leaves the values as they are", () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });

  it("orders by number, not by text", () => {
    assert.equal(median([10, 9, 100]), 10);
  });
});

describe("ratio", () => {
  it("is taken round by round", () => {
    // The machine was half as fast in the second round; nothing of it is in the ratio.
    assert.deepEqual(ratio([10, 20, 12], [20, 40, 24]), { median: 0.5, lowest: 0.5, highest: 0.5 });
    assert.deepEqual(ratio([10, 30, 40], [10, 10, 10]), { median: 3, lowest: 1, highest: 4 });
  });
});

describe("rounded", () => {
  it("keeps five digits of anything", () => {
    assert.equal(rounded(123_456.789), 123_460);
    assert.equal(rounded(0.000_123_456_789), 0.000_123_46);
    assert.equal(rounded(0), 0);
  });
});

describe("summarize", () => {
  const samples = new Map([
    [
      "a",
      [
        { cost: 1, rate: 10 },
        { cost: 3, rate: 30 },
        { cost: 2, rate: 20 },
      ],
    ],
    [
      "b",
      [
        { cost: 2, rate: 10 },
        { cost: 6, rate: 60 },
        { cost: 2, rate: 20 },
      ],
    ],
  ]);

  it("gives the median of each figure and every sample, by rounds", () => {
    const [a] = summarize(samples, ["cost"]);
    assert.deepEqual(a.medians, { cost: 2, rate: 20 });
    assert.deepEqual(a.samples, { cost: [1, 3, 2], rate: [10, 30, 20] });
  });

  it("compares each peer to each other one, in what was asked for", () => {
    const [a, b] = summarize(samples, ["cost"]);
    assert.deepEqual(a.ratios, { b: { cost: { median: 0.5, lowest: 0.5, highest: 1 } } });
    assert.deepEqual(b.ratios, { a: { cost: { median: 2, lowest: 1, highest: 2 } } });
  });

  it("gives nothing for nobody", () => {
    assert.deepEqual(summarize(new Map(), ["cost"]), []);
  });
});

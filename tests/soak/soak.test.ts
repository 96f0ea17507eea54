/**
 * A tiny run, to see that it works; whether anything grows shows in a long one: `npm run soak`.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeededRandom } from "#src/testing/index.js";
import { judgeFlatness, median, minimaOf, theilSenSlope } from "./flatness.js";
import { soak } from "./soak.js";

describe("a soak", () => {
  it("connects, sends, publishes and ends, and leaves no socket", async () => {
    let told = 0;
    const { samples, connections, messages, verdicts } = await soak({
      seed: 1,
      connections: 10,
      goesOn: (rounds) => rounds < 2,
      sampled: () => told++,
    });
    assert.equal(samples.length, 2);
    assert.equal(told, 2);
    assert.equal(connections, 40);
    assert.ok(messages > 100);
    assert.deepEqual(
      samples.map(({ sockets }) => sockets),
      [0, 0],
    );
    assert.equal(verdicts.size, 6);
  });
});

/** Samples that swing, with a growth in each. */
function swinging(count: number, growth: number, seed = 1): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, index) => 10_000 + growth * index + random.integer(0, 2000));
}

describe("flatness", () => {
  it("is seen through the noise, and so is growth", () => {
    for (let seed = 1; seed <= 50; seed++) {
      assert.equal(judgeFlatness(swinging(200, 0, seed), 0.05, 0).isFlat, true);
      assert.equal(judgeFlatness(swinging(200, 15, seed), 0.05, 0).isFlat, false);
    }
  });

  it("does not mind the time of warming up, nor a fall, nor a few wild samples", () => {
    const warming = [...Array.from({ length: 30 }, (_, index) => index * 1000), ...swinging(70, 0)];
    assert.equal(judgeFlatness(warming, 0.05, 0).isFlat, true);
    assert.equal(judgeFlatness(swinging(100, -50), 0.01, 0).isFlat, true);
    const wild = swinging(100, 0).map((value, index) => (index % 9 === 0 ? value * 50 : value));
    assert.equal(judgeFlatness(wild, 0.05, 0).isFlat, true);
  });

  it("tells by how much it grew, and what is allowed", () => {
    const samples = Array.from({ length: 150 }, (_, index) => 1000 + index);
    const { growth, tolerance } = judgeFlatness(samples, 0.01, 50);
    assert.equal(growth, 95);
    assert.equal(tolerance, 50);
  });

  it("is what it is of few samples, and of none", () => {
    assert.equal(judgeFlatness([], 0, 0).isFlat, true);
    assert.equal(judgeFlatness([5], 0, 0).isFlat, true);
    assert.deepEqual(minimaOf([4, 3, 2, 1]), [4, 3, 2, 1]);
    assert.equal(theilSenSlope([1, 3, 5, 100, 9]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeededRandom } from "#src/testing/index.js";

describe("seeded randomness", () => {
  it("is the same with the same seed", () => {
    const draw = (random: SeededRandom) => [
      random.next(),
      random.integer(1, 6),
      random.chance(0.5),
      ...random.octets(3),
    ];
    assert.deepEqual(draw(new SeededRandom(5)), draw(new SeededRandom(5)));
    assert.notDeepEqual(draw(new SeededRandom(5)), draw(new SeededRandom(6)));
  });

  it("tells the seed that it drew for itself", () => {
    const random = new SeededRandom();
    assert.equal(random.next(), new SeededRandom(random.seed).next());
  });

  it("keeps to its ranges, and reaches both ends of them", () => {
    const random = new SeededRandom(1);
    const seen = new Set(Array.from({ length: 1000 }, () => random.integer(-1, 2)));
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [-1, 0, 1, 2],
    );
    assert.equal(random.chance(0), false);
    assert.equal(random.chance(1), true);
    assert.deepEqual(new Set(Array.from({ length: 100 }, () => random.pick(["a", "b"]))), new Set(["a", "b"]));
    assert.throws(() => random.pick([]), RangeError);
  });

  it("forks into one whose numbers do not depend on what is drawn afterwards", () => {
    const one = new SeededRandom(9);
    const other = new SeededRandom(9);
    const fork = one.fork();
    one.next();
    assert.equal(fork.next(), other.fork().next());
  });
});

/**
 * The fuzzer itself: it finds what is wrong, and makes it small.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeededRandom } from "#src/testing/index.js";
import { Coverage } from "../../fuzz/engine/coverage.js";
import { fuzz } from "../../fuzz/engine/fuzzer.js";
import { minimise } from "../../fuzz/engine/minimise.js";
import { mutate } from "../../fuzz/engine/mutate.js";
import { cutInto, type FuzzTarget, InputReader } from "../../fuzz/engine/target.js";
import { createCurrent, noteCurrent } from "../../fuzz/engine/watchdog.js";

/** Fails where an octet of 0xff stands anywhere. */
const touchy: FuzzTarget = {
  name: "touchy",
  maxInputBytes: 100,
  generate: (random) => random.octets(20),
  run: (input) => assert.ok(!input.includes(0xff)),
};

function opens(input: Uint8Array): void {
  if (input[0] !== 0x7e) return;
  if (input[1] !== 0x81) return;
  if (input[2] !== 0xfe) return;
  throw new Error("the door is open");
}

/** Fails behind three doors, one after the other. */
const locked: FuzzTarget = {
  name: "locked",
  maxInputBytes: 4,
  generate: () => new Uint8Array(4),
  run: opens,
};

describe("the fuzzer", () => {
  it("finds an input that fails, and ends there", async () => {
    const { inputs, failure } = await fuzz(touchy, { seed: 1, corpus: [], goesOn: (count) => count < 5000 });
    assert.ok(failure?.input.includes(0xff) === true);
    assert.ok(failure.error instanceof assert.AssertionError);
    assert.ok(inputs < 5000);
  });

  it("tries the inputs that it is given first", async () => {
    const bad = Uint8Array.of(1, 0xff);
    const result = await fuzz(touchy, { seed: 1, corpus: [Uint8Array.of(1), bad], goesOn: () => true });
    assert.deepEqual([result.inputs, result.failure?.input], [2, bad]);
  });

  it("makes the same inputs once more with the same seed", async () => {
    async function inputsOf(seed: number): Promise<string[]> {
      const seen: string[] = [];
      const quiet = { ...touchy, run: () => undefined };
      const begins = (input: Uint8Array): void => void seen.push(Buffer.from(input).toString("hex"));
      await fuzz(quiet, { seed, corpus: [Uint8Array.of(1, 2, 3)], goesOn: (count) => count < 200, begins });
      return seen;
    }
    assert.deepEqual(await inputsOf(3), await inputsOf(3));
    assert.notDeepEqual(await inputsOf(3), await inputsOf(4));
  });

  it("keeps inputs that reach something new, and so comes where chance alone does not", async () => {
    const goesOn = (count: number): boolean => count < 20_000;
    const coverage = new Coverage((url) => url === import.meta.url);
    const guided = await fuzz(locked, { seed: 2, corpus: [], goesOn, coverage });
    coverage.close();
    assert.ok(guided.kept.length >= 2, `${guided.kept.length} inputs were kept`);
    assert.deepEqual([...(guided.failure?.input.subarray(0, 3) ?? [])], [0x7e, 0x81, 0xfe]);
    const byChance = await fuzz(locked, { seed: 2, corpus: [], goesOn });
    assert.equal(byChance.failure, undefined);
  });

  it("makes what fails as small as it can be", async () => {
    const input = new Uint8Array(500).fill(7);
    input[321] = 0xff;
    const smallest = await minimise(input, async (candidate) => candidate.includes(0xff));
    assert.deepEqual([...smallest], [0xff]);
    const two = await minimise(Uint8Array.of(9, 1, 9, 2, 9), async (candidate) => {
      return candidate.includes(1) && candidate.includes(2) && candidate.length >= 3;
    });
    assert.deepEqual([...two].sort(), [0, 1, 2]);
  });

  it("gives up making it smaller after so many tries", async () => {
    let tries = 0;
    await minimise(new Uint8Array(1000).fill(1), async () => tries++ < 0, 10);
    assert.equal(tries, 10);
  });

  it("leaves the inputs that it changes as they are", () => {
    const random = new SeededRandom(1);
    const input = Uint8Array.of(1, 2, 3, 4);
    for (let count = 0; count < 500; count++) mutate(input, random, input);
    assert.deepEqual([...input], [1, 2, 3, 4]);
    assert.ok(mutate(new Uint8Array(0), random, new Uint8Array(0)) instanceof Uint8Array);
  });

  it("tells whoever watches which input is being run", () => {
    const current = createCurrent(4);
    noteCurrent(current, Uint8Array.of(1, 2, 3, 4, 5));
    noteCurrent(current, Uint8Array.of(7));
    assert.deepEqual([...new Uint32Array(current, 0, 2)], [1, 2]);
    assert.equal(new Uint8Array(current, 8)[0], 7);
  });
});

describe("an input", () => {
  it("is read as choices, and as zeros behind its end", () => {
    const reader = new InputReader(Uint8Array.of(5, 1, 0, 9, 8));
    assert.equal(reader.octet(), 5);
    assert.equal(reader.upTo(1000), 256);
    assert.equal(reader.pick(["a", "b"]), "b");
    assert.deepEqual([...reader.rest()], [8]);
    assert.deepEqual([reader.isAtEnd, reader.octet(), reader.upTo(9)], [true, 0, 0]);
  });

  it("is cut into pieces that are all of it", () => {
    const octets = new SeededRandom(1).octets(500);
    for (const seed of [0, 1, 2, 77]) {
      const pieces = cutInto(octets, seed);
      assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), octets);
      assert.equal(pieces.length > 1, seed !== 0);
    }
  });
});

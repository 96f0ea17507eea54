import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, it } from "node:test";
import { resolveClusterOptions } from "#src/cluster/options.js";

const start = async (): Promise<() => Promise<void>> => await Promise.resolve(async () => await Promise.resolve());

describe("the options of a cluster", () => {
  it("have defaults", () => {
    const { workers, deadlineMs, maxBacklogBytes, signals } = resolveClusterOptions({ start });
    assert.deepEqual([workers, deadlineMs, maxBacklogBytes, signals], [availableParallelism(), 30_000, 2 ** 26, true]);
    assert.equal(resolveClusterOptions({ start, workers: "auto" }).workers, availableParallelism());
  });

  it("are refused with their name where they make no sense", () => {
    for (const workers of [0, -1, 1.5, Number.NaN, 2000]) {
      assert.throws(() => resolveClusterOptions({ start, workers }), { name: "RangeError", message: /^workers must/u });
    }
    assert.throws(() => resolveClusterOptions({ start, deadlineMs: 0 }), /^RangeError: deadlineMs must/u);
    assert.throws(() => resolveClusterOptions({ start, maxBacklogBytes: 0.5 }), /^RangeError: maxBacklogBytes must/u);
  });
});

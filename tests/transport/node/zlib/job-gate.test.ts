import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JobGate } from "#src/transport/node/zlib/job-gate.js";

describe("jobs on the thread pool", () => {
  it("run so many at a time, in the order of the calls, whether they succeed or not", async () => {
    const gate = new JobGate(2);
    const started: number[] = [];
    const ends: ((isGood: boolean) => void)[] = [];
    const jobs = [0, 1, 2, 3].map((index) =>
      gate.run(async () => {
        started.push(index);
        const isGood = await new Promise<boolean>((resolve) => ends.push(resolve));
        if (!isGood) throw new Error(`job ${index}`);
        return index;
      }),
    );
    assert.deepEqual(started, [0, 1]);
    assert.deepEqual([gate.running, gate.waiting], [2, 2]);
    ends[1]?.(false);
    await assert.rejects(jobs[1]!, /job 1/u);
    assert.deepEqual(started, [0, 1, 2]);
    ends[0]?.(true);
    assert.equal(await jobs[0], 0);
    assert.deepEqual(started, [0, 1, 2, 3]);
    assert.deepEqual([gate.running, gate.waiting], [2, 0]);
    ends[2]?.(true);
    ends[3]?.(true);
    await Promise.all([jobs[2], jobs[3]]);
    assert.equal(gate.running, 0);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Fault, type FaultKind, faultKinds, scheduleFaults } from "#src/chaos/index.js";
import { canCome } from "#src/chaos/schedule.js";

const plans = fc.record({
  seed: fc.integer({ min: 0, max: 0x7fffffff }),
  durationMs: fc.integer({ min: 4000, max: 1_200_000 }),
  nodes: fc.integer({ min: 1, max: 5 }),
  servers: fc.integer({ min: 0, max: 3 }),
  kinds: fc.subarray([...faultKinds]),
});

function isOfServers({ kind }: Fault): boolean {
  return kind.startsWith("server-");
}

describe("a schedule of faults", () => {
  it("follows from its plan, in order, within the time and of what there is", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const faults = scheduleFaults(plan);
        assert.deepEqual(scheduleFaults(plan), faults);
        for (const [index, { kind, target, atMs, forMs }] of faults.entries()) {
          assert.ok((plan.kinds as readonly FaultKind[]).includes(kind));
          assert.ok(target >= 0 && target < (kind.startsWith("server-") ? plan.servers : plan.nodes));
          assert.ok(atMs >= (faults[index - 1]?.atMs ?? 0) && forMs >= 0 && atMs + forMs <= plan.durationMs);
        }
      }),
    );
  });

  it("has at most one fault of a node and one of a server at a time", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const lane of [(fault: Fault) => isOfServers(fault), (fault: Fault) => !isOfServers(fault)]) {
          let until = 0;
          for (const { atMs, forMs } of scheduleFaults(plan).filter(lane)) {
            assert.ok(atMs >= until - 1);
            until = atMs + forMs;
          }
        }
      }),
    );
  });

  it("comes to every kind in ten minutes, differs by seed, and has times of calm", () => {
    const plan = { durationMs: 600_000, nodes: 3, servers: 1, kinds: faultKinds };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
        const faults = scheduleFaults({ ...plan, seed });
        assert.deepEqual(new Set(faults.map(({ kind }): FaultKind => kind)), new Set(faultKinds));
        assert.notDeepEqual(scheduleFaults({ ...plan, seed: seed + 1 }), faults);
        let [calms, until] = [0, 0];
        for (const { atMs, forMs } of faults) {
          if (atMs - until >= 20_000) calms++;
          until = Math.max(until, atMs + forMs);
        }
        assert.ok(calms >= 5, `${calms} calms`);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves out what cannot befall what there is", () => {
    const come = (servers: number, canLose: boolean): readonly FaultKind[] =>
      faultKinds.filter((kind) => canCome(kind, { servers, canLose }));
    assert.deepEqual(come(3, true), faultKinds);
    const lost = ["node-lost", "engine-lost", "server-split", "server-lost"];
    const split = ["server-cut", "server-stall", "server-split"];
    assert.deepEqual(
      come(3, false),
      faultKinds.filter((kind) => !lost.includes(kind)),
    );
    assert.deepEqual(
      come(1, true),
      faultKinds.filter((kind) => !split.includes(kind)),
    );
    assert.deepEqual(
      [0, 1, 3].map((servers) => canCome("server-empty", { servers, canLose: true })),
      [false, true, false],
    );
    const ours = ["node-kill", "node-stop", "node-drain", "node-lost", "clients-cut", "clients-stall", "clients-slow"];
    assert.deepEqual(come(0, true), ours);
  });
});

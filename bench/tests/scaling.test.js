import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { buildLoad } from "../load/build.js";
import { engineKinds, engineVersion } from "../scaling/engine-servers.js";
import { costsOf, leastSquares } from "../scaling/fit.js";
import { measureNodes } from "../scaling/measure.js";
import { nodesReached, planOf } from "../scaling/model.js";
import { Samples } from "../scaling/record.js";
import { limitsByEngine, scenarios } from "../scaling/scenarios.js";
import { holdToShare } from "../scaling/shares.js";
import { systemNamed } from "../scaling/systems.js";
import { workloads } from "../scaling/workloads.js";

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-6 * expected, `${actual}, ${expected}`);

describe("several nodes", () => {
  const settings = { timing: { warmUpMs: 20, windowMs: 100 }, quick: true };
  const spread = workloads.filter(({ name }) => name === "spread");
  for (const [name, engine] of [
    ["openline-nats", "nats"],
    ["openline-redis", "redis"],
    ["socket.io-streams", "redis"],
    ["openline-memory", "memory"],
  ]) {
    const isHere = engine === "memory" || engineVersion(engine) !== undefined;
    const skip = isHere ? false : `needs ${engineKinds[engine].program}: ${engineKinds[engine].advice}`;
    it(`are measured: ${name}`, { skip }, async () => {
      await buildLoad();
      const measured = [];
      const failures = await measureNodes(systemNamed(name), 2, spread, settings, (...one) => measured.push(one));
      assert.deepEqual(failures, []);
      const [[workload, figures]] = measured;
      assert.equal(workload, "spread");
      assert.ok(figures.deliveriesPerSecond > 0 && figures.cpuMicrosecondsPerDelivery > 0);
      assert.ok(figures.engineResidentBytes > 0);
    });
  }

  it("are held to a share by being stopped, and go on when they are released", async (context) => {
    const spinning = spawn(process.execPath, ["-e", "for (;;);"]);
    context.after(() => spinning.kill("SIGKILL"));
    await once(spinning, "spawn");
    const state = () => /\) (\w)/u.exec(readFileSync(`/proc/${spinning.pid}/stat`, "utf8"))?.[1];
    const isStopped = async (wanted) => {
      while ((state() === "T") !== wanted) await new Promise((resolve) => setImmediate(resolve));
    };
    const release = holdToShare([spinning.pid], 0.01);
    await isStopped(true);
    release();
    await isStopped(false);
  });

  it("are compared with one, and with adapters, round by round", () => {
    const samples = new Samples();
    const figures = (deliveriesPerSecond, cpuMicrosecondsPerDelivery) => ({
      ...{ deliveriesPerSecond, cpuMicrosecondsPerDelivery, engineCpuMicrosecondsPerDelivery: 0 },
      ...{ latencyP99Microseconds: 1, residentBytesPerNode: 1 },
    });
    for (const round of [0, 1]) {
      samples.add({ system: "openline-x", nodes: 1, round }, figures(100, 4));
      samples.add({ system: "openline-x", nodes: 2, round }, figures(180 + round * 10, 5));
    }
    samples.add({ system: "socket.io-x", nodes: 2, round: 1 }, figures(95, 10));
    const results = samples.results();
    const two = results.find(({ system, nodes }) => system === "openline-x" && nodes === 2);
    assert.equal(two.medians.deliveriesPerSecond, 185);
    assert.deepEqual(two.toOneNode, {
      deliveriesPerSecond: { median: 1.85, lowest: 1.8, highest: 1.9 },
      cpuMicrosecondsPerDelivery: { median: 1.25, lowest: 1.25, highest: 1.25 },
    });
    // The one round that both have.
    assert.equal(two.toAdapters["socket.io-x"].deliveriesPerSecond.median, 2);
    assert.equal(results.find(({ system }) => system === "socket.io-x").toAdapters, undefined);
  });
});

describe("the model", () => {
  const costs = { publish: 100, receive: 50, deliver: 10, engineMessage: 60, engineCopy: 5 };

  it("finds what its measurements were made of", () => {
    const rows = [
      [1, 2, 3],
      [1, 1, 7],
      [1, 4, 1],
      [1, 2, 50],
    ].map((terms) => ({ terms, value: 5 * terms[0] + 2 * terms[1] + 0.5 * terms[2] }));
    for (const [index, value] of leastSquares(rows).entries()) near(value, [5, 2, 0.5][index]);
    // Nothing costs less than nothing.
    const falling = [1, 2, 3].map((x) => ({ terms: [1, x], value: 4 - x }));
    assert.ok(leastSquares(falling).every((value) => value >= 0));
    assert.throws(() => leastSquares([{ terms: [1, 1], value: 1 }]), /do not tell these costs apart/u);
  });

  it("takes its inputs from a record", () => {
    const resultOf = (nodes, load) => {
      const subscribers = load.connections / load.rooms;
      const reached = load.together ? 1 : Math.min(nodes, subscribers);
      const { publish, receive, deliver, engineMessage, engineCopy } = costs;
      const medians = {
        cpuMicrosecondsPerPublished: publish + receive * reached + deliver * subscribers,
        engineCpuMicrosecondsPerPublished: engineMessage + engineCopy * reached,
      };
      return { system: "s", nodes, medians };
    };
    const workloadOf = (load, share) => ({ load, share, results: [1, 2, 4].map((nodes) => resultOf(nodes, load)) });
    const record = {
      workloads: [
        workloadOf({ connections: 1000, rooms: 1 }),
        workloadOf({ connections: 1000, rooms: 100 }),
        workloadOf({ connections: 1000, rooms: 100, together: true }),
        workloadOf({ connections: 1000, rooms: 50 }, 0.2),
      ],
      axes: [{ points: [workloadOf({ connections: 2, rooms: 1 })] }],
    };
    const { alone, together } = costsOf(record, "s");
    for (const [name, value] of Object.entries(alone)) near(value, costs[name]);
    // Of messages that come together, publishing is in what a delivery costs: there are twenty of each.
    near(together.receive, costs.receive);
    near(together.deliver, costs.deliver + costs.publish / 20);
    near(together.engineMessage, costs.engineMessage);
    assert.throws(() => costsOf(record, "another"), /has not been measured/u);
  });

  it("knows how many nodes have somebody", () => {
    near(nodesReached(1, 5), 1);
    near(nodesReached(4, 1), 1);
    near(nodesReached(2, 2), 1.5);
    near(nodesReached(10, 1e9), 10);
  });

  const memory = { bytesPerConnection: 10_000, bytesPerNode: 1e8 };
  const limits = { processorShare: 0.5, connectionsPerNode: 1000, memoryBytesPerNode: 1e9, engineProcessors: 1 };
  const idle = {
    name: "idle",
    connections: 10_000,
    groups: [{ name: "a", channels: 1, subscribers: 1, messagesPerSecond: 0 }],
  };

  it("has as many nodes as connections, memory or processors want", () => {
    const busy = { ...idle, groups: [{ name: "a", channels: 1000, subscribers: 10, messagesPerSecond: 10 }] };
    assert.deepEqual(
      [planOf(idle, costs, memory, limits).nodes, planOf(idle, costs, memory, limits).boundBy],
      [10, "connections"],
    );
    const small = planOf(idle, costs, memory, { ...limits, memoryBytesPerNode: 1.05e8 });
    assert.deepEqual([small.nodes, small.boundBy], [20, "memory"]);
    const plan = planOf(busy, costs, memory, limits);
    assert.equal(plan.boundBy, "processor");
    assert.ok(plan.nodeProcessors <= plan.nodes * limits.processorShare);
    assert.equal(plan.deliveriesPerSecond, 100_000);
  });

  it("says where more nodes do not help", () => {
    const groups = [{ name: "all", channels: 1, subscribers: 1e9, messagesPerSecond: 20_000 }];
    assert.throws(() => planOf({ ...idle, groups }, { ...costs, deliver: 0 }, memory, limits), RangeError);
  });

  it("deals channels out to engine servers, of which one is the busiest", () => {
    const groups = [{ name: "a", channels: 500, subscribers: 10, messagesPerSecond: 50 }];
    const { engineServers, busiestShare } = planOf({ ...idle, groups }, costs, memory, limits);
    assert.ok(engineServers > 1);
    assert.ok(busiestShare > 0 && busiestShare < 2);
  });

  it("has an answer for each of its scenarios", () => {
    for (const scenario of scenarios) {
      for (const engineLimits of Object.values(limitsByEngine)) {
        const plan = planOf(scenario, costs, memory, engineLimits);
        assert.ok(plan.nodes >= scenario.connections / engineLimits.connectionsPerNode, scenario.name);
        assert.ok(
          Object.values(plan).every((value) => typeof value === "string" || Number.isFinite(value)),
          scenario.name,
        );
      }
    }
  });
});

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import { engineContract } from "#src/testing/index.js";
import { again, appendAgain, keyed, turn, valuesOf } from "../faults/world.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append } from "../world.js";
import { NatsCluster } from "./cluster.js";
import { noNats } from "./server.js";
import { NatsNodes } from "./world.js";

const timeoutMs = 1000;
const retries = { maxReconnectAttempts: -1, reconnectTimeWait: 20, reconnectJitter: 0 };

describe("a NATS cluster of three", { skip: noNats, timeout: 180_000 }, () => {
  let cluster: NatsCluster;
  let nodes: NatsNodes;
  let streams: string[];
  let a: Engine;
  let b: Engine;
  let log: FollowedLog;
  let state: FollowedState;
  before(async () => {
    cluster = await NatsCluster.start();
    nodes = new NatsNodes(cluster.urls, { replicas: 3, storage: "file", timeoutMs, connection: retries });
    streams = ["log", "state", "key", "call", "presence"].map((kind) => `${nodes.prefix}_${kind}`);
    a = await again(() => nodes.start());
    b = await again(() => nodes.start());
  });
  after(async () => {
    await nodes.dispose();
    await cluster.dispose();
  });
  let room = "";
  let rooms = 0;
  beforeEach(async () => {
    room = `room/${String(rooms++)}`;
    [log, state] = await again(() => Promise.all([FollowedLog.of(b, room), FollowedState.of(b, room)]));
  });
  afterEach(() => cluster.current(...streams));

  /** What was acknowledged stands once, in order; everybody who follows has it, or was told of a gap: here, of none. */
  async function assertWhole(values: readonly unknown[]): Promise<void> {
    await appendAgain(a, room, "last");
    await log.has("last");
    log.assertChained();
    assert.deepEqual(log.resets.items, []);
    assert.deepEqual(log.values, [...values, "last"]);
    assert.deepEqual(await again(() => valuesOf(a, room)), log.values);
  }

  it("loses the leader of a stream while messages are appended, and has it back", async () => {
    await append(a, room, 0, keyed(0));
    const leader = await cluster.leaderOf(`${nodes.prefix}_log`);
    const appended = (async () => {
      for (let value = 1; value <= 10; value++) await appendAgain(a, room, value);
    })();
    await log.has(3);
    await leader.kill();
    const revision = await again(() => b.states.set(room, "x", 1, undefined));
    await appended;
    await leader.resume();
    await again(() => a.states.set(room, "x", 2, revision));
    await state.changes.until((changes) => changes.at(-1)?.entry?.value === 2);
    await assertWhole(Array.from({ length: 11 }, (_, value) => value));
  });

  it("loses a follower, and nobody notices", async () => {
    const leader = await cluster.leaderOf(`${nodes.prefix}_log`);
    const follower = cluster.servers.find((server) => server !== leader);
    await follower?.kill();
    for (let value = 0; value < 5; value++) await appendAgain(a, room, value);
    await follower?.resume();
    await assertWhole([0, 1, 2, 3, 4]);
  });

  it("loses two: nothing is acknowledged, until one of them is back", async (t) => {
    const events = new Recorder<string>();
    await again(() => a.presence.beat("n", 2000));
    await again(() => a.presence.put("n", room, { user: "ann", state: null, connections: 1 }));
    await again(() => b.presence.watch(room, { came: () => undefined, left: (user) => events.add(`-${user}`) }));
    // As servers do, each of its own node.
    const beating = setInterval(() => {
      a.presence.beat("n", 2000).catch(() => undefined);
      b.presence.beat("other", 2000).catch(() => undefined);
    }, 400);
    t.after(() => clearInterval(beating));
    await append(a, room, "before");
    const [first, second] = cluster.servers;
    await Promise.all([first?.kill(), second?.kill()]);
    const unavailable = { name: "EngineError", code: "unavailable" };
    await assert.rejects(append(a, room, "lost", keyed("lost")), unavailable);
    await assert.rejects(a.states.set(room, "x", 1, undefined), unavailable);
    await assert.rejects(a.presence.beat("n", 2000), unavailable);
    // Where its connection broke, it has another by now, over which nothing is answered.
    while (a.health().isAvailable) await turn();
    assert.match(
      a.health().reason ?? "",
      /^NATS (?:cannot be reached|does not answer: nothing has come for \d+ ms to .)/u,
    );
    await first?.resume();
    const position = await appendAgain(a, room, "lost");
    await second?.resume();
    assert.equal(await appendAgain(b, room, "lost"), position);
    // Who lives has not been taken for dead by those who could hear nobody.
    await again(() => a.presence.beat("n", 60_000));
    while (!a.health().isAvailable) await turn();
    clearInterval(beating);
    assert.deepEqual(events.items, []);
    await assertWhole(["before", "lost"]);
  });

  it("has one that stands still, and goes on", async (t) => {
    const leader = await cluster.leaderOf(`${nodes.prefix}_log`);
    await append(a, room, "before");
    t.after(() => leader.unpause());
    await leader.pause();
    const appended = appendAgain(a, room, "meanwhile");
    // Those whose connections lead to it wait for it; the others go on.
    const others = new NatsNodes(
      cluster.urls.filter((url) => url !== leader.url),
      { prefix: nodes.prefix, replicas: 3, timeoutMs, connection: retries },
    );
    t.after(() => others.dispose());
    const other = await again(() => others.start());
    await appendAgain(other, room, "meanwhile");
    leader.unpause();
    await appended;
    await assertWhole(["before", "meanwhile"]);
  });

  it("has one that is cut off from the others: whoever is connected to it gets what they missed", async (t) => {
    const [, , third] = cluster.servers;
    const lonely = new NatsNodes([third?.url ?? ""], {
      ...{ prefix: nodes.prefix, replicas: 3, timeoutMs, auditIntervalMs: 500 },
      connection: { ...retries, ignoreClusterUpdates: true },
    });
    t.after(() => lonely.dispose());
    const far = await again(() => lonely.start());
    const followed = await again(() => FollowedLog.of(far, room));
    const near = new NatsNodes(cluster.urls.slice(0, 2), {
      prefix: nodes.prefix,
      ...{ replicas: 3, timeoutMs, connection: { ...retries, ignoreClusterUpdates: true } },
    });
    t.after(() => near.dispose());
    const engine = await again(() => near.start());
    cluster.isolateThird();
    for (const value of [1, 2, 3]) await appendAgain(engine, room, value);
    await assert.rejects(append(far, room, "lonely", keyed("lonely")), { name: "EngineError", code: "unavailable" });
    assert.deepEqual(followed.values, []);
    cluster.mend();
    await appendAgain(far, room, "lonely");
    await followed.has("lonely");
    followed.assertChained();
    assert.deepEqual(followed.resets.items, []);
    await assertWhole([1, 2, 3, "lonely"]);
  });
});

describe("the NATS engine over a cluster of three", { skip: noNats, timeout: 180_000 }, () => {
  let cluster: NatsCluster;
  before(async () => {
    cluster = await NatsCluster.start();
    const first = new NatsNodes(cluster.urls, { prefix: "contract", replicas: 3, timeoutMs: 10_000 });
    await again(() => first.start());
    await first.dispose();
  });
  after(() => cluster.dispose());

  it("takes one of two that compare at once, every time", async (t) => {
    const nodes = new NatsNodes(cluster.urls, { prefix: "contract", replicas: 3, timeoutMs: 10_000 });
    t.after(() => nodes.dispose());
    const engines = await Promise.all([nodes.start(), nodes.start()]);
    for (let round = 0; round < 30; round++) {
      const key = String(round);
      const set = await Promise.allSettled(engines.map((engine) => engine.states.set("compared", key, 1, null)));
      assert.deepEqual(set.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    }
  });

  // Making streams takes servers some seconds: all cases have the same, which are emptied in between.
  for (const { name, run } of engineContract) {
    it(name, async () => {
      const nodes = new NatsNodes(cluster.urls, { prefix: "contract", replicas: 3, timeoutMs: 10_000 });
      await nodes.empty(await cluster.connect());
      await run(nodes);
    });
  }
});

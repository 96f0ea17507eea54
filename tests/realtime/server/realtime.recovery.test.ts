/**
 * A node dies, and its clients go on at another one that shares the engine.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, contract, log, state, unchecked } from "#src/realtime/contract/index.js";
import { Cluster } from "./cluster.js";
import { believe, type Peer } from "./world.js";

const api = contract({
  channels: {
    "room/{id}": log({ retain: { count: 100 } }),
    "book/{id}": state({ value: unchecked<number>() }),
  },
  calls: { order: call({ idempotent: true }) },
});

interface Setup {
  readonly cluster: Cluster;
  readonly first: Cluster["nodes"][0];
  readonly second: Cluster["nodes"][0];
  /** How often each node ran the call. */
  readonly runs: number[];
  /** What lets the runs at a node end. */
  readonly finish: (() => void)[];
}

async function start(): Promise<Setup> {
  const runs = [0, 0];
  const finish: (() => void)[] = [];
  const cluster = await Cluster.start(2, api, (place) => ({
    authenticate: believe,
    calls: {
      order: async () => {
        runs[place] = (runs[place] ?? 0) + 1;
        await new Promise<void>((resolve) => {
          finish[place] = resolve;
        });
        return `done at ${String(place)}`;
      },
    },
  }));
  const [first, second] = cluster.nodes as [Setup["first"], Setup["second"]];
  return { cluster, first, second, runs, finish };
}

function messagesOf(peer: Peer): unknown[] {
  return peer.all("m").map((frame) => frame[4]);
}

describe("recovery at another node than the one that died", () => {
  it("of a log: goes on behind its position, with everything since", async () => {
    const { cluster, first, second } = await start();
    const peer = await first.peer({ token: "ann", client: "c" });
    const { epoch } = await peer.done("sub", "room/1", {});
    await first.world.server.publish("room/1", "had");
    await cluster.clock.settle();
    assert.deepEqual(messagesOf(peer), ["had"]);
    const [had] = await second.world.server.history("room/1", { limit: 1 });
    first.kill();
    await second.world.server.publish("room/1", "missed 1");
    await second.world.server.publish("room/1", "missed 2");
    const again = await second.peer({ token: "ann", client: "c" });
    const reply = await again.done("sub", "room/1", { since: [epoch, had?.position] });
    assert.equal(reply.recovered, true);
    await second.world.server.publish("room/1", "live");
    await cluster.clock.settle();
    const replayed = (reply.messages ?? []).map(([, , value]) => value);
    assert.deepEqual([...replayed, ...messagesOf(again)], ["missed 1", "missed 2", "live"]);
    await cluster.close();
  });

  it("of a state: gets what has changed since its position", async () => {
    const { cluster, first, second } = await start();
    const peer = await first.peer({ token: "ann", client: "c" });
    await first.world.server.set("book/1", "tea", 1);
    const { epoch, position } = await peer.done("sub", "book/1", {});
    first.kill();
    await second.world.server.set("book/1", "tea", 2);
    await second.world.server.set("book/1", "milk", 3);
    const again = await second.peer({ token: "ann", client: "c" });
    await again.done("sub", "book/1", { since: [epoch, position] });
    await cluster.clock.settle();
    const told = JSON.stringify(again.frames);
    assert.ok(told.includes('"tea"') && told.includes('"milk"'), told);
    await cluster.close();
  });

  it("of presence: whoever is back before the node is known to be dead has never left", async () => {
    const { cluster, first, second } = await start();
    const watcher = await second.peer({ token: "bob" });
    await watcher.done("sub", "room/1", { presence: true });
    for (const user of ["ann", "cid"]) {
      const peer = await first.peer({ token: user, client: user });
      await peer.done("sub", "room/1", { presence: true });
    }
    await cluster.clock.settle();
    first.kill();
    const again = await second.peer({ token: "ann", client: "ann" });
    await again.done("sub", "room/1", { presence: true });
    watcher.frames.length = 0;
    await cluster.clock.advance(10_000);
    assert.deepEqual(
      watcher.all("left").map(([, , users, count]) => [users, count]),
      [[["cid"], 2]],
    );
    const { users } = await second.world.server.presence("room/1");
    assert.deepEqual(
      users.map(({ user, connections }) => [user, connections]),
      [
        ["bob", 1],
        ["ann", 1],
      ],
    );
    await cluster.close();
  });

  it("of a call with a key: what was done is answered, and not run again", async () => {
    const { cluster, first, second, runs, finish } = await start();
    const peer = await first.peer({ token: "ann", client: "c" });
    peer.say(["call", 1, "order", null, { key: "k" }]);
    await cluster.clock.settle();
    finish[0]?.();
    // Its answer is on its way when the node dies.
    await cluster.clock.settle();
    first.kill();
    const again = await second.peer({ token: "ann", client: "c" });
    const answer: unknown = await again.done("call", "order", null, { key: "k" });
    assert.equal(answer, "done at 0");
    assert.deepEqual(runs, [1, 0]);
    await cluster.close();
  });

  it("of a call with a key that was under way: it is run at the other when the claim is lost, and not before", async () => {
    const { cluster, first, second, runs, finish } = await start();
    const peer = await first.peer({ token: "ann", client: "c" });
    peer.say(["call", 1, "order", null, { key: "k" }]);
    await cluster.clock.settle();
    first.kill();
    const again = await second.peer({ token: "ann", client: "c" });
    again.say(["call", 7, "order", null, { key: "k" }]);
    await cluster.clock.advance(9000);
    assert.deepEqual(runs, [1, 0]);
    await cluster.clock.advance(10_000);
    assert.deepEqual(runs, [1, 1]);
    finish[1]?.();
    await cluster.clock.settle();
    assert.deepEqual(again.answerTo(7), ["ok", 7, "done at 1"]);
    await cluster.close();
  });
});

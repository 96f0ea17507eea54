import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, state } from "#src/realtime/contract/index.js";
import { Replica } from "./replica.js";
import { World } from "./world.js";

const api = contract({
  channels: { "book/{id}": state(), "calm/{id}": state({ maxUpdatesPerSecond: 10 }) },
});

describe("a state", () => {
  it("comes as a snapshot in pages, then as deltas, one for each turn and for all", async () => {
    const world = new World(api, { limits: { pageMessages: 3 } });
    for (let index = 0; index < 8; index++) await world.server.set("book/1", `k${String(index)}`, index);
    const peers = [await world.peer(), await world.peer()];
    for (const peer of peers) {
      await peer.done("sub", "book/1", {});
      assert.deepEqual(
        peer.all("snap").map((frame) => frame[4]),
        [false, false, true],
      );
    }
    const replicas = peers.map((peer) => new Replica().take(peer));
    const before = world.prepared;
    await Promise.all([
      world.server.set("book/1", "k0", "a"),
      world.server.set("book/1", "k0", "b"),
      world.server.delete("book/1", "k1"),
    ]);
    await world.settle();
    assert.equal(world.prepared - before, 1);
    for (const [index, peer] of peers.entries()) {
      assert.equal(peer.all("d").length, 1);
      const replica = replicas[index]?.take(peer);
      assert.equal(replica?.values.get("k0"), "b");
      assert.equal(replica.values.has("k1"), false);
      assert.equal(replica.values.size, 7);
    }
    await world.close();
  });

  it("takes what the server sets and deletes in the order in which it was asked for", async () => {
    const world = new World(api);
    await Promise.all([
      world.server.set("book/1", "x", 1),
      world.server.delete("book/1", "x"),
      world.server.set("book/1", "y", 1),
      world.server.delete("book/1", "y"),
      world.server.set("book/1", "y", 2),
    ]);
    const entries: unknown[] = [];
    for await (const { key, value } of world.server.entries("book/1")) entries.push([key, value]);
    assert.deepEqual(entries, [["y", 2]]);
    await world.close();
  });

  it("goes on by one delta from where a client was, or by a snapshot where that is not known", async () => {
    const world = new World(api);
    await world.server.set("book/1", "x", 1);
    await world.server.set("book/1", "y", 1);
    const first = await world.peer();
    const { epoch, position } = await first.done("sub", "book/1", {});
    const known = new Replica().take(first);
    first.vanish();
    await world.server.set("book/1", "x", 2);
    await world.server.delete("book/1", "y");
    const second = await world.peer();
    const reply = await second.done("sub", "book/1", { since: [epoch, position] });
    assert.equal(reply.recovered, true);
    assert.equal(second.all("snap").length, 0);
    assert.deepEqual(known.take(second).sorted, [["x", 2]]);
    await world.server.set("book/1", "z", 3);
    await world.settle();
    assert.deepEqual(known.take(second).sorted, [["x", 2], ["z", 3]]); // biome-ignore format: short
    const third = await world.peer();
    await third.done("sub", "book/1", { since: ["another", position] });
    assert.equal(third.all("snap").length, 1);
    await world.close();
  });

  it("is conflated for one who is slow, at no cost to the others", async () => {
    const world = new World(api);
    const slow = await world.peer();
    const fast = await world.peer();
    await slow.done("sub", "book/1", {});
    await fast.done("sub", "book/1", {});
    const [mine, theirs] = [new Replica().take(slow), new Replica().take(fast)];
    slow.stall();
    for (let index = 0; index < 100; index++) {
      await world.server.set("book/1", `k${String(index % 5)}`, `${String(index)}${"x".repeat(100)}`);
      await world.settle();
      theirs.take(fast);
    }
    assert.ok(slow.bufferedBytes < 2000);
    await slow.resume();
    await world.settle();
    mine.take(slow);
    assert.equal(theirs.deltas, 100);
    assert.ok(mine.deltas < 20, `${String(mine.deltas)} deltas`);
    assert.deepEqual(mine.sorted, theirs.sorted);
    await world.server.set("book/1", "last", 1);
    await world.settle();
    assert.deepEqual(mine.take(slow).sorted, theirs.take(fast).sorted);
    await world.close();
  });

  it("gives a new snapshot to one who missed more than is remembered", async () => {
    const world = new World(api, { limits: { maxLagKeys: 10 } });
    const slow = await world.peer();
    await slow.done("sub", "book/1", {});
    const mine = new Replica().take(slow);
    slow.stall();
    for (let index = 0; index < 60; index++) {
      await world.server.set("book/1", `k${String(index)}`, "x".repeat(100));
      await world.settle();
    }
    await slow.resume();
    assert.ok(slow.all("snap").length > 0);
    assert.equal(mine.take(slow).values.size, 60);
    await world.close();
  });

  it("keeps to the channel's rate, and to a client's lower one", async () => {
    const world = new World(api);
    const [all, few] = [await world.peer(), await world.peer()];
    await all.done("sub", "calm/1", {});
    await few.done("sub", "calm/1", { rate: 2 });
    const [a, f] = [new Replica().take(all), new Replica().take(few)];
    for (let index = 0; index < 200; index++) {
      await world.server.set("calm/1", "k", index);
      await world.clock.advance(10);
    }
    await world.clock.advance(1000);
    a.take(all);
    f.take(few);
    assert.ok(a.deltas >= 18 && a.deltas <= 22, `${String(a.deltas)} deltas`);
    assert.ok(f.deltas >= 3 && f.deltas <= 6, `${String(f.deltas)} deltas`);
    assert.deepEqual([a.sorted, f.sorted], [[["k", 199]], [["k", 199]]]);
    await world.close();
  });

  it("compares revisions for clients", async () => {
    const world = new World(api);
    const peer = await world.peer();
    const { revision } = await peer.done("set", "book/1", "k", 1, { if: null });
    const conflict = await peer.refused("set", "book/1", "k", 2, { if: null });
    assert.equal(conflict.code, "conflict");
    assert.deepEqual(conflict["data"], { value: 1, revision });
    await peer.done("set", "book/1", "k", 2, { if: revision });
    assert.equal((await peer.refused("del", "book/1", "k", { if: revision })).code, "conflict");
    await peer.done("del", "book/1", "k");
    const entries = [];
    for await (const entry of world.server.entries("book/1")) entries.push(entry);
    assert.deepEqual(entries, []);
    await world.close();
  });
});

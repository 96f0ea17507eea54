import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log } from "#src/realtime/contract/index.js";
import { type Engine, EngineError, memory, type PresenceEngine } from "#src/realtime/engines/index.js";
import { engineWith } from "./engines.js";
import { type Frame, type Peer, World } from "./world.js";

const api = contract({ channels: { "room/{id}": log() } });

function create(limits = {}, engine: Engine = memory()): World {
  return new World(api, {
    engine,
    authenticate: ({ token }) => ({ user: typeof token === "string" ? token : null }),
    limits,
  });
}

async function enter(world: World, user: string, client: string = user): Promise<Peer> {
  const peer = await world.peer({ token: user, client });
  await peer.done("sub", "room/1", { presence: true });
  await world.settle();
  return peer;
}

function events(peer: Peer): Frame[] {
  const frames = peer.frames.filter(([operation]) => ["who", "came", "left"].includes(operation as string));
  peer.frames.length = 0;
  return frames.map(([operation, , ...rest]) => [operation, ...rest]);
}

describe("presence", () => {
  it("tells who is there, who comes, what they show, and who leaves", async () => {
    const world = create();
    const ann = await enter(world, "ann");
    assert.deepEqual(events(ann)[0], ["who", { count: 1, isSample: false, users: [["ann", null, 1]] }]);
    const bob = await enter(world, "bob");
    assert.deepEqual(events(ann).at(-1), ["came", [["bob", null, 1]], 2]);
    assert.equal((events(bob)[0]?.[1] as { count: number }).count, 2);
    const { n } = await bob.done("sub", "room/1", { presence: true });
    events(ann);
    await bob.done("pres", n, { typing: true });
    await world.settle();
    assert.deepEqual(events(ann).at(-1), ["came", [["bob", { typing: true }, 1]], 2]);
    assert.equal((await bob.refused("pres", n, "x".repeat(5000))).code, "too-large");
    await bob.done("unsub", n);
    await world.settle();
    assert.deepEqual(events(ann), [["left", ["bob"], 1]]);
    await world.close();
  });

  it("tells those who come in what the engine tells around its answer to who is there", async () => {
    const inner = memory();
    let around: () => Promise<void> = () => Promise.resolve();
    const presence = (): PresenceEngine => ({
      beat: (node, ttlMs) => inner.presence.beat(node, ttlMs),
      put: (node, channel, told) => inner.presence.put(node, channel, told),
      dropNode: (node) => inner.presence.dropNode(node),
      watch: (channel, sink) => inner.presence.watch(channel, sink),
      list: async (channel, limit) => {
        const list = await inner.presence.list(channel, limit);
        await around();
        return list;
      },
    });
    const world = create({}, engineWith(inner, { presence }));
    const put = (user: string, connections: number): Promise<void> =>
      inner.presence.put("elsewhere", "room/1", { user, state: null, connections });
    const ann = await enter(world, "ann");
    await put("eve", 1);
    around = async () => {
      around = () => Promise.resolve();
      // The answer is on its way, and does not know of it.
      await put("bob", 1);
      await put("eve", 0);
      // So long that it has been told to everybody who is in.
      await world.settle();
    };
    const cid = await enter(world, "cid");
    for (const peer of [ann, cid]) {
      const users = new Set<string>();
      let told = 0;
      for (const [operation, what, count] of events(peer)) {
        if (operation === "who") {
          users.clear();
          const who = what as { users: [string][]; count: number };
          for (const [user] of who.users) users.add(user);
          told = who.count;
        } else told = count as number;
        if (operation === "came") for (const [user] of what as [string][]) users.add(user);
        if (operation === "left") for (const user of what as string[]) users.delete(user);
      }
      assert.deepEqual([[...users].sort(), told], [["ann", "bob", "cid"], 3]);
    }
    await world.close();
  });

  it("counts a user once, however many connections", async () => {
    const world = create();
    const watcher = await enter(world, "ann");
    const [one] = [await enter(world, "bob", "c1"), await enter(world, "bob", "c2")];
    assert.deepEqual(events(watcher).at(-1), ["came", [["bob", null, 2]], 2]);
    one.vanish();
    await world.clock.advance(6000);
    assert.deepEqual(events(watcher), [["came", [["bob", null, 1]], 2]]);
    await world.close();
  });

  it("does not flap over a quick reconnect, which keeps what was shown", async () => {
    const world = create();
    const watcher = await enter(world, "ann");
    const bob = await enter(world, "bob");
    const { n } = await bob.done("sub", "room/1", { presence: true });
    await bob.done("pres", n, "here");
    await world.settle();
    events(watcher);
    bob.vanish();
    await world.clock.advance(3000);
    const again = await enter(world, "bob");
    await world.clock.advance(10_000);
    assert.deepEqual(events(watcher), []);
    const { users } = await world.server.presence("room/1");
    assert.deepEqual(users[1], { user: "bob", state: "here", connections: 1 });
    again.vanish();
    await world.clock.advance(5001);
    assert.deepEqual(events(watcher), [["left", ["bob"], 1]]);
    await world.close();
  });

  it("counts in a large room, at its rate, and goes back to names when it is small again", async () => {
    const world = create({ presenceMaxUsers: 5 });
    const watcher = await enter(world, "ann");
    const peers = [];
    for (let index = 0; index < 8; index++) peers.push(await enter(world, `user${String(index)}`));
    await world.clock.advance(1000);
    const large = events(watcher);
    const who = large.filter(([operation]) => operation === "who").at(-1)?.[1] as {
      isSample: boolean;
      users: unknown[];
    };
    assert.deepEqual([who.isSample, who.users.length], [true, 5]);
    peers.push(await enter(world, "late1"), await enter(world, "late2"));
    await world.clock.advance(1000);
    assert.deepEqual(events(watcher), [["came", [], 11]]);
    for (const peer of peers.slice(2)) peer.vanish();
    await world.clock.advance(10_000);
    const small = events(watcher).at(-1);
    assert.deepEqual(small?.[0], "who");
    assert.equal((small[1] as { isSample: boolean }).isSample, false);
    assert.equal((small[1] as { count: number }).count, 3);
    await world.close();
  });

  it("gives all there is to one who was slow", async () => {
    const world = create();
    const slow = await enter(world, "ann");
    events(slow);
    await slow.done("sub", "room/1", { presence: true });
    slow.stall();
    for (let index = 0; index < 20; index++) await world.server.publish("room/1", "x".repeat(200));
    await world.settle();
    const bob = await enter(world, "bob");
    bob.vanish();
    await enter(world, "carl");
    await world.clock.advance(10_000);
    await slow.resume();
    await world.settle();
    const last = events(slow).at(-1);
    assert.deepEqual(last, ["who", { count: 2, isSample: false, users: [["ann", null, 1], ["carl", null, 1]] }]); // biome-ignore format: short
    await world.close();
  });

  it("knows those apart whom nobody knows", async () => {
    const world = create();
    for (let index = 0; index < 2; index++) {
      const peer = await world.peer();
      await peer.done("sub", "room/1", { presence: true });
    }
    assert.equal((await world.server.presence("room/1")).count, 2);
    await world.close();
  });

  /** An engine whose presence can be out of reach, each method for itself. */
  function unreachable(): { engine: Engine; readonly down: Set<keyof PresenceEngine>; watches: number } {
    const inner = memory();
    const down = new Set<keyof PresenceEngine>();
    const reach = async <Result>(name: keyof PresenceEngine, ask: () => Promise<Result>): Promise<Result> => {
      if (down.has(name)) throw new EngineError("unavailable", "out of reach");
      return await ask();
    };
    const faulty = {
      down,
      /** That go on. */
      watches: 0,
      engine: engineWith(inner, {
        presence: () => ({
          beat: (node, ttlMs) => reach("beat", () => inner.presence.beat(node, ttlMs)),
          put: (node, channel, told) => reach("put", () => inner.presence.put(node, channel, told)),
          dropNode: (node) => inner.presence.dropNode(node),
          list: (channel, limit) => reach("list", () => inner.presence.list(channel, limit)),
          watch: async (channel, sink) => {
            const watch = await reach("watch", () => inner.presence.watch(channel, sink));
            if (channel === "room/1") faulty.watches++;
            return {
              stop: () => {
                if (channel === "room/1") faulty.watches--;
                watch.stop();
              },
            };
          },
        }),
      }),
    };
    return faulty;
  }

  it("is told later where the engine was out of reach: who left, and who is there", async () => {
    const faulty = unreachable();
    const world = create({}, faulty.engine);
    const ann = await enter(world, "ann");
    const bob = await enter(world, "bob");
    const { n } = await bob.done("sub", "room/1", { presence: true });
    faulty.down.add("put");
    await bob.done("unsub", n);
    await world.settle();
    assert.equal((await world.server.presence("room/1")).count, 2);
    faulty.down.clear();
    events(ann);
    // With the next beat.
    await world.clock.advance(2000);
    assert.deepEqual(events(ann), [["left", ["bob"], 1]]);
    assert.equal((await world.server.presence("room/1")).count, 1);
    assert.ok(world.errors.every((error) => error instanceof EngineError));
    world.errors.length = 0;
    await world.close();
  });

  it("goes on for the others where one cannot come in, and is watched once", async () => {
    const faulty = unreachable();
    const world = create({}, faulty.engine);
    const ann = await enter(world, "ann");
    faulty.down.add("put");
    const bob = await world.peer({ token: "bob", client: "bob" });
    await bob.done("sub", "room/1", { presence: true });
    await world.settle();
    faulty.down.clear();
    await world.clock.advance(2000);
    await enter(world, "cid");
    assert.equal(faulty.watches, 1);
    const { count } = await world.server.presence("room/1");
    assert.equal(count, 2);
    assert.deepEqual(events(ann).at(-1), ["came", [["cid", null, 1]], 2]);
    world.errors.length = 0;
    for (const peer of [ann]) peer.vanish();
    await world.close();
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log, type Schema, state } from "#src/realtime/contract/index.js";
import type { Engine, StateEngine } from "#src/realtime/engines/index.js";
import { memory } from "#src/realtime/engines/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import type { AnyRealtimeOptions, Area, Interest } from "#src/realtime/server/index.js";
import { type Codec, jsonCodec } from "#src/realtime/wire/index.js";
import { engineWith, ResettingEngine } from "./engines.js";
import { Replica } from "./replica.js";
import { believe, type Peer, World } from "./world.js";

const small: Schema<unknown, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" && value < 10 ? { value } : { issues: [{ message: "10 or more" }] },
  },
};

const api = contract({
  channels: {
    "arena/{id}": state(),
    "calm/{id}": state({ maxUpdatesPerSecond: 10 }),
    "plain/{id}": state(),
    "small/{id}": state({ value: small }),
    "room/{id}": log(),
  },
});

type Views = Map<string, ReadonlySet<Area> | undefined>;

/** Values are `area:anything`; who sees what is said by user. */
function seeing(views: Views): Interest {
  return {
    area: (_key, value) => String(value).split(":")[0] ?? "",
    sees: ({ user }) => views.get(user.id ?? ""),
  };
}

/** A world with some who look on, each with its view, and entries. */
async function watched(
  views: Record<string, readonly Area[] | undefined>,
  entries: readonly (readonly [string, unknown])[],
  options: AnyRealtimeOptions & { readonly channel?: string } = {},
) {
  const { channel = "arena/1", ...rest } = options;
  const seen: Views = new Map();
  for (const [name, view] of Object.entries(views)) seen.set(name, view === undefined ? undefined : new Set(view));
  const interest = { "arena/{id}": seeing(seen), "calm/{id}": seeing(seen) };
  const world = new World(api, { authenticate: believe, interest, ...rest });
  await world.server.setMany(channel, entries);
  const seats: { readonly peer: Peer; readonly replica: Replica }[] = [];
  for (const name of Object.keys(views)) {
    const peer = await world.peer({ token: name });
    await peer.done("sub", channel, {});
    seats.push({ peer, replica: new Replica().take(peer) });
  }
  return { world, views: seen, seats, values: () => seats.map(({ peer, replica }) => replica.take(peer).sorted) };
}

const three = [["x", "a:1"], ["y", "b:1"], ["z", "c:1"]] as const; // biome-ignore format: short

describe("a state with an interest", () => {
  it("comes as far as it is in sight, and goes when it leaves it", async () => {
    const { world, values, seats } = await watched({ ann: ["a", "b"], bob: ["b"], all: undefined }, three);
    assert.deepEqual(values(), [[["x", "a:1"], ["y", "b:1"]], [["y", "b:1"]], three]); // biome-ignore format: short
    const moved = [["x", "b:2"], ["y", "c:2"], ["z", "a:2"]] as const; // biome-ignore format: short
    await world.server.setMany("arena/1", moved);
    await world.settle();
    assert.deepEqual(seats.map(({ peer }) => peer.all("d").length), [1, 1, 1]); // biome-ignore format: short
    assert.deepEqual(values(), [[["x", "b:2"], ["z", "a:2"]], [["x", "b:2"]], moved]); // biome-ignore format: short
    await world.server.delete("arena/1", "x");
    await world.settle();
    assert.deepEqual(values(), [[["z", "a:2"]], [], [["y", "c:2"], ["z", "a:2"]]]); // biome-ignore format: short
    await world.close();
  });

  it("costs those nothing who do not see what has changed", async () => {
    const { world, seats } = await watched({ ann: ["a"], bob: ["b"] }, three);
    for (const value of ["c:2", "b:3", "c:4"]) {
      await world.server.set("arena/1", "z", value);
      await world.settle();
    }
    assert.deepEqual(seats[0]?.peer.frames, []);
    assert.equal(seats[1]?.peer.all("d").length, 2);
    await world.close();
  });

  it("is looked at again when it is told to, and with whatever changes", async () => {
    const { world, views, values, seats } = await watched({ ann: ["a"] }, three);
    assert.equal(values().length, 1);
    views.set("ann", new Set(["c"]));
    await world.settle();
    assert.deepEqual(seats[0]?.peer.frames, []);
    world.server.lookAgain("arena/1");
    await world.settle();
    assert.deepEqual(values(), [[["z", "c:1"]]]);
    views.set("ann", new Set(["b", "c"]));
    await world.server.set("arena/1", "w", "d:1");
    await world.settle();
    assert.deepEqual(values(), [[["y", "b:1"], ["z", "c:1"]]]); // biome-ignore format: short
    views.set("ann", undefined);
    world.server.lookAgain("arena/1");
    world.server.lookAgain("arena/nobody");
    await world.settle();
    assert.equal(values()[0]?.length, 4);
    assert.throws(() => world.server.lookAgain("plain/1"), { code: "wrong-kind" });
    assert.throws(() => world.server.lookAgain("room/1"), { code: "wrong-kind" });
    await world.close();
  });

  it("is looked at again when a client brings another token", async () => {
    const world = new World(api, {
      authenticate: ({ token }) => ({ user: "ann", data: token }),
      interest: { "arena/{id}": { area: (key) => key, sees: ({ user }) => new Set([user.data as string]) } },
    });
    await world.server.setMany("arena/1", three);
    const peer = await world.peer({ token: "x" });
    await peer.done("sub", "arena/1", {});
    const replica = new Replica().take(peer);
    await peer.done("token", "y");
    assert.deepEqual(replica.take(peer).sorted, [["y", "b:1"]]);
    await world.close();
  });

  it("comes anew to one who comes back, who may have seen something else", async () => {
    const { world, views } = await watched({ ann: ["a", "b"] }, three);
    const first = await world.peer({ token: "ann" });
    const { epoch, position } = await first.done("sub", "arena/1", {});
    first.vanish();
    views.set("ann", new Set(["c"]));
    await world.server.set("arena/1", "x", "a:2");
    const second = await world.peer({ token: "ann" });
    assert.equal((await second.done("sub", "arena/1", { since: [epoch, position] })).recovered, true);
    assert.deepEqual([second.all("d"), second.all("snap").map((frame) => frame[3])], [[], [[["z", "c:1", "3"]]]]);
    await world.close();
  });

  it("tells of a conflict with what is out of sight, and not what is there", async () => {
    const { world, seats } = await watched({ ann: ["a"], all: undefined }, three);
    const [ann, all] = seats.map(({ peer }) => peer);
    assert.ok(ann !== undefined && all !== undefined);
    const requests: readonly (readonly [string, ...unknown[]])[] = [
      ["set", "arena/1", "y", "a:9", { if: null }],
      ["del", "arena/1", "y", { if: "1" }],
    ];
    for (const request of requests) {
      // biome-ignore format: short
      const error = await ann.refused(...request);
      assert.deepEqual([error.code, error["data"]], ["conflict", undefined]);
      assert.deepEqual((await all.refused(...request))["data"], { value: "b:1", revision: "2" });
    }
    const seen = await ann.refused("set", "arena/1", "x", "a:9", { if: null });
    assert.deepEqual(seen["data"], { value: "a:1", revision: "1" });
    const none = await ann.refused("set", "arena/1", "none", "a:9", { if: "1" });
    assert.deepEqual(none["data"], { revision: null });
    await world.close();
  });

  it("is encoded once for all who see the same part, however they see it", async () => {
    let arrays = 0;
    const counting = (codec: Codec): Codec => ({
      ...codec,
      encode: (frame) => {
        if (Array.isArray(frame[0])) arrays++;
        return codec.encode(frame);
      },
    });
    for (const codec of [jsonCodec, msgpackCodec]) {
      const counted = counting(codec);
      const world = new World(api, { interest: { "arena/{id}": { area: (key) => key, sees: () => new Set("xyz") } } });
      const peers = await Promise.all([1, 2, 3, 4].map(() => world.peer({}, counted)));
      const replicas = peers.map(() => new Replica());
      for (const peer of peers) await peer.done("sub", "arena/1", {});
      arrays = 0;
      await world.server.setMany("arena/1", [...three, ["u", "unseen"]]);
      await world.settle();
      assert.equal(arrays, 3);
      for (const [index, peer] of peers.entries()) {
        assert.equal(peer.all("d").length, 1);
        assert.deepEqual(replicas[index]?.take(peer).sorted, three);
      }
      await world.close();
    }
  });

  it("is one message for all who see it by one set", async () => {
    const { world, views, values } = await watched({ ann: [], bob: [], all: undefined, any: undefined }, three);
    const shared = new Set(["a", "b"]);
    for (const name of ["ann", "bob"]) views.set(name, shared);
    world.server.lookAgain("arena/1");
    await world.settle();
    values();
    world.prepared = 0;
    await world.server.setMany("arena/1", [["x", "b:2"], ["y", "c:2"]]); // biome-ignore format: short
    await world.settle();
    assert.equal(world.prepared, 2);
    assert.deepEqual(values().slice(0, 2), [[["x", "b:2"]], [["x", "b:2"]]]);
    await world.close();
  });

  it("keeps to the channel's rate, and to a client's lower one", async () => {
    const { world, seats } = await watched({ ann: ["a"] }, [], { channel: "calm/1" });
    const few = await world.peer({ token: "ann" });
    await few.done("sub", "calm/1", { rate: 2 });
    const peers = [...seats.map(({ peer }) => peer), few];
    const replicas = [...seats.map(({ replica }) => replica), new Replica().take(few)];
    for (let index = 0; index < 200; index++) {
      await world.server.set("calm/1", "k", `${index % 3 === 0 ? "b" : "a"}:${String(index)}`);
      if (index === 100) world.server.lookAgain("calm/1");
      await world.clock.advance(10);
    }
    await world.server.set("calm/1", "k", "a:end");
    await world.clock.advance(1000);
    const deltas = peers.map((peer, index) => replicas[index]?.take(peer).deltas ?? 0);
    assert.ok(deltas[0] !== undefined && deltas[0] >= 15 && deltas[0] <= 23, `${String(deltas[0])} deltas`);
    assert.ok(deltas[1] !== undefined && deltas[1] >= 2 && deltas[1] <= 7, `${String(deltas[1])} deltas`);
    for (const replica of replicas) assert.deepEqual(replica.sorted, [["k", "a:end"]]);
    await world.close();
  });

  it("tells nobody that a key has gone which was not in its snapshot", async () => {
    const limits = { pageMessages: 1, maxLagKeys: 2 };
    const { world, seats } = await watched({ slow: undefined, fast: undefined }, three, { limits });
    const [slow, fast] = seats;
    assert.ok(slow !== undefined && fast !== undefined);
    slow.peer.highWaterMarkBytes = 10;
    slow.peer.stall();
    // All of it: who lags gets a snapshot, of which one page has room.
    await world.server.setMany("arena/1", [["x", "a:2"], ["y", "b:2"], ["z", "c:2"]]); // biome-ignore format: short
    await world.settle();
    // Both are as far as each other by then, and see the same; but one of these was sent to the fast one alone.
    await world.server.setMany("arena/1", [], ["x", "z"]);
    await world.settle();
    await slow.peer.resume();
    assert.deepEqual(slow.peer.all("d").map(([, , , , , deleted]) => deleted), [["x"]]); // biome-ignore format: short
    assert.ok(!JSON.stringify(slow.peer.frames).includes("z"));
    for (const { replica, peer } of seats) assert.deepEqual(replica.take(peer).sorted, [["y", "b:2"]]);
    await world.close();
  });

  it("ends for whom it cannot be told what they see", async () => {
    const answers = [
      () => assert.fail("no database"),
      () => Promise.resolve(new Set()),
      () => ["a"],
      () => null,
    ] as unknown as (() => undefined)[];
    for (const sees of answers) {
      let isWell = true;
      const area = (): string => "a";
      const errors: unknown[] = [];
      const world = new World(api, {
        interest: { "arena/{id}": { area, sees: () => (isWell ? new Set(["a"]) : sees()) } },
        error: (error) => errors.push(error),
      });
      await world.server.set("arena/1", "x", 1);
      const peer = await world.peer();
      await peer.done("sub", "arena/1", {});
      isWell = false;
      peer.frames.length = 0;
      await world.server.set("arena/1", "x", 2);
      await world.settle();
      assert.deepEqual(peer.frames.map(([operation]) => operation), ["closed"]); // biome-ignore format: short
      assert.equal((await peer.refused("sub", "arena/1", {})).code, "internal");
      assert.equal((await peer.refused("set", "arena/1", "x", 1, { if: null })).code, "internal");
      assert.equal(errors.length, 3);
      await world.close();
    }
  });

  it("keeps from all but who sees everything what is in no area", async () => {
    const errors: unknown[] = [];
    const world = new World(api, {
      authenticate: believe,
      interest: {
        "arena/{id}": {
          area: (_key, value) => (value === 1 ? 1 : (undefined as unknown as number)),
          sees: ({ user }) => (user.id === "all" ? undefined : new Set([1, undefined as unknown as number])),
        },
      },
      error: (error) => errors.push(error),
    });
    const [ann, all] = [await world.peer({ token: "ann" }), await world.peer({ token: "all" })];
    for (const peer of [ann, all]) await peer.done("sub", "arena/1", {});
    const replicas = [new Replica().take(ann), new Replica().take(all)];
    const values = (): unknown[] => [ann, all].map((peer, index) => replicas[index]?.take(peer).sorted);
    await world.server.set("arena/1", "x", 1);
    await world.settle();
    assert.deepEqual(values(), [[["x", 1]], [["x", 1]]]);
    await world.server.set("arena/1", "x", 2);
    await world.settle();
    assert.deepEqual(values(), [[], [["x", 2]]]);
    assert.equal((await ann.refused("set", "arena/1", "x", 1, { if: null }))["data"], undefined);
    assert.equal(errors.length, 2);
    await world.close();
  });

  it("is read again when the engine has lost its place", async () => {
    const engine = new ResettingEngine();
    const errors: unknown[] = [];
    const { world, seats } = await watched({ ann: ["a"] }, three, {
      engine: engine.engine,
      error: (error) => errors.push(error),
    });
    const peer = seats[0]?.peer;
    assert.ok(peer !== undefined);
    engine.cut();
    await world.server.setMany("arena/1", [["z", "a:2"]], ["x"]);
    await engine.reset("retention");
    await world.settle();
    const [closed] = peer.take("closed");
    assert.deepEqual([(closed?.[2] as { retryable: boolean }).retryable, errors.length], [true, 1]);
    await peer.done("sub", "arena/1", {});
    assert.deepEqual(new Replica().take(peer).sorted, [["z", "a:2"]]);
    await world.close();
  });

  it("is declared for states of the contract alone", () => {
    const interest = seeing(new Map());
    for (const pattern of ["arena/{name}", "room/{id}"]) {
      assert.throws(() => new World(api, { interest: { [pattern]: interest } }), TypeError);
    }
  });

  it("has everything for who follows it on the server", async () => {
    const { world } = await watched({ ann: [] }, three);
    const followed = new Map<string, unknown>();
    const { stop } = await world.server.follow("arena/1", (event: { set: ReadonlyMap<string, unknown> }) => {
      for (const [key, value] of event.set) followed.set(key, value);
    });
    stop();
    assert.deepEqual([...followed].sort(), three);
    await world.close();
  });
});

describe("many keys that the server sets at once", () => {
  /** An engine that sets them one by one. */
  function plain(): Engine {
    const engine = memory();
    const states = (): StateEngine => {
      const { states: inner } = engine;
      return {
        set: (...asked) => inner.set(...asked),
        delete: (...asked) => inner.delete(...asked),
        snapshot: (...asked) => inner.snapshot(...asked),
        changesSince: (...asked) => inner.changesSince(...asked),
        watch: (...asked) => inner.watch(...asked),
      };
    };
    return engineWith(engine, { states });
  }

  for (const [name, create] of [
    ["at once", memory],
    ["one by one", plain],
  ] as const) {
    // biome-ignore format: short
    it(`are one delta, by an engine that sets them ${name}`, async () => {
      const world = new World(api, { engine: create() });
      await world.server.set("plain/1", "gone", 1);
      const peer = await world.peer();
      await peer.done("sub", "plain/1", {});
      const replica = new Replica().take(peer);
      await world.server.setMany("plain/1", new Map([["x", 1], ["y", 2]]), ["gone", "never"]); // biome-ignore format: short
      await world.settle();
      assert.equal(peer.all("d").length, 1);
      assert.deepEqual(replica.take(peer).sorted, [["x", 1], ["y", 2]]); // biome-ignore format: short
      await world.server.setMany("plain/1", []);
      await world.settle();
      assert.deepEqual(peer.frames, []);
      await assert.rejects(world.server.setMany("plain/1", [["x", 1n]]), { code: "invalid-value" });
      await assert.rejects(world.server.setMany("room/1", []), { code: "wrong-kind" });
      await world.close();
    });
  }

  it("are checked by the schema before anything is done", async () => {
    const world = new World(api);
    await assert.rejects(world.server.setMany("small/1", [["x", 1], ["y", 10]]), { code: "invalid-value" }); // biome-ignore format: short
    const entries: unknown[] = [];
    for await (const entry of world.server.entries("small/1")) entries.push(entry);
    assert.deepEqual(entries, []);
    await world.close();
  });
});

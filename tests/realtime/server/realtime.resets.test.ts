/**
 * What comes of it when an engine's followers lose their place: for clients, and for who follows on the server.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log, media, signal, state, unchecked } from "#src/realtime/contract/index.js";
import { EngineError } from "#src/realtime/engines/index.js";
import type { Realtime } from "#src/realtime/server/index.js";
import { engineWith, ResettingEngine } from "./engines.js";
import { type Peer, World } from "./world.js";

const api = contract({
  channels: {
    "room/{id}": log({ retain: { count: 50 } }),
    "short/{id}": log({ retain: { count: 5 } }),
    "book/{id}": state(),
    "cursor/{id}": signal({ message: unchecked<string>() }),
    "video/{id}": media(),
  },
});

async function create(): Promise<{ world: World; engine: ResettingEngine; peer: Peer }> {
  const engine = new ResettingEngine();
  const world = new World(api, { engine: engine.engine });
  return { world, engine, peer: await world.peer() };
}

/** What the channel has brought, as a client handles it: positions are chained, but for gaps. */
async function read(world: World, peer: Peer, position: string): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  await world.settle();
  for (;;) {
    let isMore = false;
    for (const frame of peer.frames.splice(0)) {
      if (frame[0] === "gap") {
        const gap = frame[2] as { reason: string; position: string };
        told.push(gap.reason);
        position = gap.position;
      } else if (frame[0] === "m") {
        assert.equal(frame[3], position, "a hole that nobody told");
        position = frame[2] as string;
        told.push(frame[4]);
      } else if (frame[0] === "page") {
        assert.equal(frame[2], position);
        isMore = frame[3] === false;
        if (isMore) peer.say(["more", frame[1]]);
      }
    }
    if (!isMore) return told;
    await world.settle();
  }
}

describe("a subscriber of a log whose engine has lost its place", () => {
  it("misses nothing that is kept", async () => {
    const { world, engine, peer } = await create();
    const { position } = await peer.done("sub", "room/1", {});
    await world.server.publish("room/1", 0);
    await world.settle();
    engine.cut();
    for (let index = 1; index < 4; index++) await world.server.publish("room/1", index);
    await engine.reset("retention");
    await world.server.publish("room/1", 4);
    assert.deepEqual(await read(world, peer, position), [0, 1, 2, 3, 4]);
    await world.close();
  });

  it("is told what is not, and has the rest", async () => {
    const { world, engine, peer } = await create();
    const { position } = await peer.done("sub", "short/1", {});
    await world.server.publish("short/1", 0);
    await world.settle();
    engine.cut();
    for (let index = 1; index < 9; index++) await world.server.publish("short/1", index);
    await engine.reset("retention");
    assert.deepEqual(await read(world, peer, position), [0, "retention", 4, 5, 6, 7, 8]);
    await world.server.publish("short/1", 9);
    await world.settle();
    assert.deepEqual(
      peer.take("m").map((frame) => frame[4]),
      [9],
    );
    await world.close();
  });

  it("begins anew where the log does, also when it was slow or between two pages", async () => {
    const { world, engine, peer } = await create();
    const slow = await world.peer();
    const { position } = await peer.done("sub", "room/1", {});
    await slow.done("sub", "room/1", {});
    await world.server.publish("room/1", 0);
    await world.settle();
    slow.stall();
    engine.cut();
    await world.server.publish("room/1", "lost with the epoch");
    engine.beginAnew();
    await world.server.publish("room/1", 1);
    await engine.reset("epoch");
    await world.server.publish("room/1", 2);
    assert.deepEqual(await read(world, peer, position), [0, "epoch", 1, 2]);
    await slow.resume();
    slow.frames.splice(
      0,
      slow.frames.findIndex(([operation]) => operation === "m"),
    );
    assert.deepEqual(await read(world, slow, position), [0, "epoch", 1, 2]);
    await world.close();
  });
});

describe("a subscriber of a state whose engine has lost its place", () => {
  for (const isAnew of [false, true]) {
    it(`gets a snapshot of what is there, ${isAnew ? "of another epoch" : "with what was missed"}`, async () => {
      const { world, engine, peer } = await create();
      await world.server.ready;
      for (const key of ["a", "b"]) await world.server.set("book/1", key, 1);
      await peer.done("sub", "book/1", {});
      peer.frames.length = 0;
      engine.cut();
      if (isAnew) engine.beginAnew();
      else await world.server.delete("book/1", "a");
      await world.server.set("book/1", "b", 2);
      await engine.reset(isAnew ? "epoch" : "retention");
      await world.settle();
      const [snapshot] = peer.all("snap");
      assert.deepEqual(
        (snapshot?.[3] as unknown[][]).map((entry) => entry.slice(0, 2)),
        [["b", 2]],
      );
      await world.server.set("book/1", "c", 3);
      await world.settle();
      const [delta] = peer.all("d");
      assert.equal(delta?.[3], snapshot?.[2], "the delta follows the snapshot");
      assert.equal((delta?.[4] as unknown[][])[0]?.[0], "c");
      await world.close();
    });
  }
});

describe("following on the server", () => {
  function told(event: object): unknown {
    if ("reason" in event) return event.reason;
    return "value" in event ? event.value : event;
  }

  it("tells the messages of a log in order, and gaps as clients get them", async () => {
    const { world, engine } = await create();
    const heard: object[] = [];
    await world.server.ready;
    await world.server.publish("short/1", "before");
    const { stop } = await world.server.follow("short/1", (event) => heard.push(event));
    await world.server.publish("short/1", 0);
    engine.cut();
    await world.server.publish("short/1", 1);
    await engine.reset("retention");
    await world.server.publish("short/1", 2);
    await world.settle();
    engine.cut();
    for (let index = 3; index < 12; index++) await world.server.publish("short/1", index);
    await engine.reset("retention");
    await world.settle();
    await world.server.publish("short/1", 12);
    await world.settle();
    engine.cut();
    engine.beginAnew();
    await world.server.publish("short/1", 13);
    await engine.reset("epoch");
    await world.server.publish("short/1", 14);
    await world.settle();
    stop();
    await world.server.publish("short/1", 15);
    await world.settle();
    assert.deepEqual(heard.map(told), [0, 1, 2, "retention", 7, 8, 9, 10, 11, 12, "epoch", 13, 14]);
    const [gap] = heard.filter((event) => "reason" in event);
    assert.deepEqual(Object.keys(gap ?? {}).sort(), ["epoch", "position", "reason", "type"]);
    await world.close();
  });

  it("tells what was missed of a log once it can be read, though nothing more comes", async () => {
    const inner = new ResettingEngine();
    let failures = 0;
    const engine = engineWith(inner.engine, {
      logs: () => ({
        append: (...given) => inner.engine.logs.append(...given),
        bounds: (...given) => inner.engine.logs.bounds(...given),
        tail: (...given) => inner.engine.logs.tail(...given),
        read: async (...given) => {
          if (failures-- > 0) throw new EngineError("unavailable", "not now");
          return await inner.engine.logs.read(...given);
        },
      }),
    });
    const errors: unknown[] = [];
    const world = new World(api, { engine, error: (error) => errors.push(error) });
    await world.server.ready;
    const heard: object[] = [];
    const { stop } = await world.server.follow("short/1", (event) => heard.push(event));
    inner.cut();
    await world.server.publish("short/1", 1);
    failures = 2;
    await inner.reset("retention");
    await world.settle();
    assert.deepEqual(heard.map(told), []);
    await world.clock.advance(2000);
    assert.deepEqual(heard.map(told), [1]);
    assert.equal(errors.length, 2);
    stop();
    await world.close();
  });

  it("tells all of a state, and what changes, also what was missed", async () => {
    const { world, engine } = await create();
    await world.server.ready;
    for (const key of ["a", "b"]) await world.server.set("book/1", key, 1);
    const heard: { set: ReadonlyMap<string, unknown>; deleted: ReadonlySet<string> }[] = [];
    await world.server.follow("book/1", (event) => heard.push(event));
    await world.server.set("book/1", "c", 2);
    await world.server.delete("book/1", "c");
    engine.cut();
    await world.server.delete("book/1", "a");
    await world.server.set("book/1", "d", 3);
    await engine.reset("retention");
    await world.settle();
    assert.deepEqual(
      heard.map(({ set, deleted }) => [Object.fromEntries(set), [...deleted]]),
      [
        [{ a: 1, b: 1 }, []],
        [{ c: 2 }, []],
        [{}, ["c"]],
        [{ b: 1, d: 3 }, ["a"]],
      ],
    );
    await world.close();
  });

  it("tells signals, media from the newest group on, and reports what a listener throws", async () => {
    const { world } = await create();
    await world.server.ready;
    const data = Uint8Array.of(1);
    for (const isKey of [true, true]) await world.server.send("video/1", data, isKey);
    const heard: unknown[] = [];
    await world.server.follow("video/1", ({ group, index }) => heard.push([group, index]));
    await world.server.send("video/1", data, false);
    await world.server.follow("cursor/1", (event) => {
      heard.push(event);
      throw new Error("mine");
    });
    await world.server.publish("cursor/1", "here", { user: "ann" });
    assert.deepEqual(heard, [[2, 0], [2, 1], { type: "message", value: "here", user: "ann" }]);
    assert.match(String(world.errors.splice(0)), /mine/u);
    await world.close();
  });
});

// The types of what is followed are those of the contract.
export function followedTypes(typed: Realtime<typeof api.definition>): void {
  void typed.follow("cursor/1", ({ value }) => value.toUpperCase());
  void typed.follow("video/1", ({ data }) => data.byteLength);
}

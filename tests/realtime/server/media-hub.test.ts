import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, media } from "#src/realtime/contract/index.js";
import { type Engine, type MediaEngine, memory } from "#src/realtime/engines/index.js";
import { engineWith } from "./engines.js";
import { type Peer, World } from "./world.js";

const api = contract({ channels: { "video/{id}": media({ groupBytesMax: 500 }) } });

function lostOf(peer: Peer): number {
  return peer.all("lost").reduce((sum, frame) => sum + (frame[2] as number), 0);
}

/** Where the first frame of media stands. */
function firstFrame(peer: Peer): number {
  return peer.frames.findIndex(([operation]) => operation === "g");
}

/** An engine that has had a key frame before anybody could follow it, and has not kept its group. */
function lastingMedia(): Engine {
  const engine = memory();
  const tail: MediaEngine["tail"] = async (channel, receive) => {
    let skipped = 0;
    const { stop } = await engine.media.tail(channel, (frame) => {
      if (skipped++ > 0) receive(frame);
    });
    return { newest: [], stop };
  };
  const append: MediaEngine["append"] = (channel, frame, max) => engine.media.append(channel, frame, max);
  return engineWith(engine, { media: () => ({ append, tail }) });
}

describe("media", () => {
  const send = (world: World, octet: number, isKey: boolean, length = 10) =>
    world.server.send("video/1", new Uint8Array(length).fill(octet), isKey);

  it("begins with the newest group's key frame", async () => {
    const world = new World(api);
    const early = await world.peer();
    await early.done("sub", "video/1", {});
    await send(world, 1, true);
    await send(world, 2, true);
    await send(world, 3, false);
    const late = await world.peer();
    const { n } = await late.done("sub", "video/1", {});
    await send(world, 4, false);
    await world.settle();
    assert.deepEqual(
      late.all("g").map((frame) => [frame[1], frame[2], frame[3], (frame[4] as Uint8Array)[0]]),
      [
        [n, 2, 0, 2],
        [n, 2, 1, 3],
        [n, 2, 2, 4],
      ],
    );
    assert.equal(early.all("g").length, 4);
    assert.equal(late.all("lost").length, 0);
    await world.close();
  });

  it("has groups of no more than groupBytesMax, and says so of what would be longer", async () => {
    const world = new World(api);
    await world.server.ready;
    for (let index = 0; index < 5; index++) await send(world, index, index === 0, 100);
    const late = await world.peer();
    await late.done("sub", "video/1", {});
    await assert.rejects(send(world, 5, false, 1), { code: "too-large", message: /501 .*groupBytesMax \(500\)/u });
    await assert.rejects(send(world, 6, false, 1), { code: "no-key-frame" });
    await assert.rejects(send(world, 7, true, 501), { code: "too-large", message: /groupBytesMax \(500\)/u });
    await assert.rejects(send(world, 8, false, 1), { code: "no-key-frame" });
    assert.deepEqual(await send(world, 9, true, 500), { group: 2, index: 0 });
    assert.deepEqual(
      late.all("g").map((frame) => [frame[2], frame[3]]),
      [...[0, 1, 2, 3, 4].map((index) => [1, index]), [2, 0]],
    );
    await world.close();
  });

  it("keeps frames in order that nobody waited for", async () => {
    const world = new World(api);
    const places = Promise.all([true, false, false, true, false].map((isKey, octet) => send(world, octet, isKey)));
    await world.settle();
    assert.deepEqual(
      (await places).map(({ group, index }) => [group, index]),
      [
        [1, 0],
        [1, 1],
        [1, 2],
        [2, 0],
        [2, 1],
      ],
    );
    await world.close();
  });

  it("keeps no more than two groups for subscribers that are all stalled", async () => {
    const world = new World(api);
    const slow = await world.peer();
    await slow.done("sub", "video/1", {});
    slow.stall();
    const frames = 300;
    for (let index = 0; index < frames; index++) await send(world, index, index % 5 === 0, 100);
    await slow.resume();
    // What was on its way, and what is left of two groups of 500 octets.
    assert.ok(slow.all("g").length < 30, `${String(slow.all("g").length)} frames were kept`);
    assert.equal(slow.all("g").length + lostOf(slow), frames);
    await world.close();
  });

  it("counts for one who has had nothing what was due: all from the key frame on that was there, or came first", async () => {
    for (const isKept of [true, false]) {
      const world = new World(api);
      await world.server.ready;
      if (isKept) await send(world, 0, true);
      const slow = await world.peer();
      slow.highWaterMarkBytes = 1;
      slow.stall();
      // There is no room from the first answer on.
      slow.say(["ping", 900]);
      await world.settle();
      slow.say(["sub", 901, "video/1", {}]);
      await world.settle();
      for (let index = 0; index < 60; index++) await send(world, index, index % 10 === 0, 40);
      await slow.resume();
      await send(world, 60, true);
      assert.equal(slow.all("g")[0]?.[3], 0);
      assert.equal(slow.all("g").length + lostOf(slow), isKept ? 62 : 61);
      assert.equal(slow.frames.findIndex(([operation]) => operation === "lost") + 1, firstFrame(slow));
      await world.close();
    }
  });

  it("owes nothing from before the first key frame that one could have had", async () => {
    const world = new World(api, { engine: lastingMedia() });
    const late = await world.peer();
    await late.done("sub", "video/1", {});
    // It goes on with a group that is not kept.
    for (let index = 0; index < 3; index++) await send(world, index, index === 0);
    await world.settle();
    await send(world, 3, true);
    assert.deepEqual(
      late.all("g").map((frame) => [frame[2], frame[3]]),
      [[2, 0]],
    );
    assert.equal(lostOf(late), 0);
    await world.close();
  });

  it("skips to the newest key frame for one who is slow, and counts what it skips", async () => {
    const world = new World(api);
    const slow = await world.peer();
    await slow.done("sub", "video/1", {});
    slow.frames.length = 0;
    slow.stall();
    for (let index = 0; index < 47; index++) await send(world, index, index % 5 === 0, 100);
    await slow.resume();
    await send(world, 47, false);
    let [group, index] = [0, 0];
    let lost = 0;
    for (const frame of slow.frames) {
      if (frame[0] === "lost") lost += frame[2] as number;
      else if (frame[2] === group) assert.equal(frame[3], ++index, "no hole in a group");
      else {
        [group, index] = [frame[2] as number, 0];
        assert.equal(frame[3], 0, "a group begins with its key frame");
      }
    }
    assert.equal(slow.all("g").length + lost, 48);
    assert.equal(group, 10);
    assert.equal(index, 2);
    await world.close();
  });
});

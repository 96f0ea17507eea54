import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, media, signal } from "#src/realtime/contract/index.js";
import { World } from "./world.js";

const api = contract({ channels: { "cursor/{id}": signal(), "video/{id}": media({ groupBytesMax: 500 }) } });

describe("a signal", () => {
  it("reaches all who subscribe, with who sent it, acknowledged or not", async () => {
    const world = new World(api, { authenticate: ({ token }) => ({ user: String(token) }) });
    const [ann, bob] = [await world.peer({ token: "ann" }), await world.peer({ token: "bob" })];
    const { n } = await bob.done("sub", "cursor/1", {});
    await ann.done("sig", "cursor/1", 1);
    ann.say(["sig", 0, "cursor/1", 2]);
    await world.settle();
    await world.server.publish("cursor/1", 3);
    await world.settle();
    assert.deepEqual(bob.all("s"), [
      ["s", n, 1, "ann"],
      ["s", n, 2, "ann"],
      ["s", n, 3],
    ]);
    assert.deepEqual(ann.frames.slice(1), []);
    await world.close();
  });

  it("is dropped for one who is slow, the oldest first, and counted", async () => {
    const world = new World(api, { limits: { maxLagSignals: 20 } });
    const slow = await world.peer();
    await slow.done("sub", "cursor/1", {});
    slow.frames.length = 0;
    slow.stall();
    for (let index = 0; index < 100; index++) {
      await world.server.publish("cursor/1", [index, "x".repeat(50)]);
      await world.settle();
    }
    assert.ok(slow.bufferedBytes < 1500);
    await slow.resume();
    const got = slow.all("s").map((frame) => (frame[2] as number[])[0]);
    const lost = slow.all("lost").reduce((sum, frame) => sum + (frame[2] as number), 0);
    assert.equal(got.length + lost, 100);
    assert.deepEqual(
      got.slice(-20),
      Array.from({ length: 20 }, (_, index) => 80 + index),
    );
    assert.equal(slow.all("lost").length, 1);
    await world.close();
  });
});

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

  it("waits for a key frame where the group is not kept", async () => {
    const world = new World(api);
    for (let index = 0; index < 8; index++) await send(world, index, index === 0, 100);
    const late = await world.peer();
    await late.done("sub", "video/1", {});
    await send(world, 8, false);
    await send(world, 9, true);
    assert.deepEqual(
      late.all("g").map((frame) => frame[3]),
      [0],
    );
    assert.equal(late.all("lost").length, 0);
    await world.close();
  });

  it("skips to the newest key frame for one who is slow, and counts what it skips", async () => {
    const world = new World(api);
    const slow = await world.peer();
    await slow.done("sub", "video/1", {});
    slow.frames.length = 0;
    slow.stall();
    for (let index = 0; index < 47; index++) await send(world, index, index % 10 === 0, 100);
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
    assert.equal(group, 5);
    assert.equal(index, 7);
    await world.close();
  });
});

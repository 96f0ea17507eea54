import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, media } from "#src/realtime/contract/index.js";
import { World } from "./world.js";

const api = contract({ channels: { "video/{id}": media({ groupBytesMax: 500 }) } });

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

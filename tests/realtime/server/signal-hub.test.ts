import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, signal } from "#src/realtime/contract/index.js";
import { World } from "./world.js";

const api = contract({ channels: { "cursor/{id}": signal() } });

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

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, state } from "#src/realtime/contract/index.js";
import type { Area, Interest } from "#src/realtime/server/index.js";
import { Replica } from "./replica.js";
import { believe, World } from "./world.js";

const api = contract({
  channels: { "arena/{id}": state(), "calm/{id}": state({ maxUpdatesPerSecond: 10 }), "plain/{id}": state() },
});

/** Values are `area:anything`; who sees what is said by user. */
function seeing(views: Map<string | null, ReadonlySet<Area> | undefined>): Interest {
  return {
    area: (_key, value) => String(value).split(":")[0] ?? "",
    sees: ({ user }) => (views.has(user.id) ? views.get(user.id) : new Set()),
  };
}

describe("a state with an interest", () => {
  it("comes as far as it is in sight, and goes when it leaves it", async () => {
    const views = new Map<string, ReadonlySet<Area>>([["ann", new Set(["a", "b"])], ["bob", new Set(["b"])]]); // biome-ignore format: short
    const world = new World(api, { authenticate: believe, interest: { "arena/{id}": seeing(views) } });
    await world.server.setMany("arena/1", [["x", "a:1"], ["y", "b:1"], ["z", "c:1"]]); // biome-ignore format: short
    const [ann, bob] = [await world.peer({ token: "ann" }), await world.peer({ token: "bob" })];
    await ann.done("sub", "arena/1", {});
    await bob.done("sub", "arena/1", {});
    const [a, b] = [new Replica().take(ann), new Replica().take(bob)];
    assert.deepEqual([a.sorted, b.sorted], [[["x", "a:1"], ["y", "b:1"]], [["y", "b:1"]]]); // biome-ignore format: short
    await world.server.setMany("arena/1", [["x", "b:2"], ["y", "c:2"], ["z", "a:2"]]); // biome-ignore format: short
    await world.settle();
    assert.equal(bob.all("d").length, 1);
    assert.deepEqual(a.take(ann).sorted, [["x", "b:2"], ["z", "a:2"]]); // biome-ignore format: short
    assert.deepEqual(b.take(bob).sorted, [["x", "b:2"]]);
    await world.server.setMany("arena/1", [["w", "c:3"]], ["y"]);
    await world.settle();
    assert.deepEqual([ann.frames, bob.frames], [[], []]);
    views.set("bob", new Set(["c"]));
    world.server.lookAgain("arena/1");
    await world.settle();
    assert.deepEqual(b.take(bob).sorted, [["w", "c:3"]]);
    await world.close();
  });
});

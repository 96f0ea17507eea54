import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, state } from "#src/realtime/contract/index.js";
import type { Area, Interest } from "#src/realtime/server/index.js";
import { believe, type Frame, type Peer, World } from "./world.js";

const api = contract({
  channels: { "arena/{id}": state(), "calm/{id}": state({ maxUpdatesPerSecond: 10 }), "plain/{id}": state() },
});

/** What a client that keeps the rules has. */
class Replica {
  readonly values = new Map<string, unknown>();
  position: string | undefined;
  deltas = 0;
  #isNew = true;

  take(peer: Peer): this {
    for (const [operation, , ...rest] of peer.frames) {
      if (operation === "snap") {
        const [position, entries, isLast] = rest as [string, Frame[], boolean];
        if (this.#isNew) this.values.clear();
        this.#isNew = isLast;
        for (const [key, value] of entries) this.values.set(key as string, value);
        this.position = position;
      } else if (operation === "d") {
        const [position, previous, entries, deleted = []] = rest as [string, string, Frame[], string[]?];
        assert.equal(previous, this.position, "a hole between deltas");
        assert.notEqual(position, previous, "a delta that a client would drop");
        for (const key of deleted) assert.ok(this.values.delete(key), `${key} was not known`);
        for (const [key, value] of entries) this.values.set(key as string, value);
        this.position = position;
        this.deltas++;
      }
    }
    peer.frames.length = 0;
    return this;
  }

  get sorted(): unknown[] {
    return [...this.values].sort();
  }
}

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

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { payloadOf, textOfValue } from "#src/realtime/engines/nats/payload.js";
import { PresenceView } from "#src/realtime/engines/nats/presence-view.js";
import { createHost } from "../world.js";

class Room {
  readonly living = new Set(["n1", "n2"]);
  readonly deaths = new Map<string, number>();
  readonly view: PresenceView = new PresenceView(
    { isLiving: (node) => this.living.has(node), deathOf: (node) => this.deaths.get(node) ?? 0 },
    createHost(),
  );
  readonly events: unknown[] = [];
  #seq = 0;

  constructor() {
    this.view.watch({
      came: ({ user, connections }, count) => this.events.push([user, connections, count]),
      left: (user, count) => this.events.push([user, 0, count]),
    });
  }

  tell(node: string, user: string, connections: number): void {
    const data = Buffer.from(payloadOf({ u: user, n: node, c: connections }, textOfValue(null)));
    this.view.told({ seq: ++this.#seq, subject: "", data });
  }

  take(): unknown[] {
    return this.events.splice(0);
  }
}

describe("who is in a channel over NATS", () => {
  it("is there again when its node is heard of again before it was written down as dead", () => {
    const room = new Room();
    room.tell("n1", "ann", 1);
    room.tell("n2", "ann", 2);
    room.tell("n1", "bob", 1);
    room.take();
    room.living.delete("n1");
    room.view.died("n1");
    assert.deepEqual(room.take(), [
      ["ann", 2, 2],
      ["bob", 0, 1],
    ]);
    room.living.add("n1");
    room.view.lives("n1");
    assert.deepEqual(room.take(), [
      ["ann", 3, 1],
      ["bob", 1, 2],
    ]);
  });

  it("does not come back with what was told before its node died, where that is read anew and the node lives again", () => {
    const room = new Room();
    room.deaths.set("n1", 2);
    room.view.begin();
    room.tell("n1", "ann", 1);
    room.tell("n2", "bob", 1);
    room.view.caughtUp();
    assert.deepEqual(room.take(), [["bob", 1, 1]]);
    room.tell("n1", "ann", 1);
    assert.deepEqual(room.take(), [["ann", 1, 2]]);
  });

  it("has to be told anew when its node was written down as dead", () => {
    const room = new Room();
    room.tell("n1", "ann", 1);
    room.living.delete("n1");
    room.view.died("n1");
    room.view.buried("n1", 2);
    room.living.add("n1");
    room.view.lives("n1");
    assert.deepEqual(room.take().at(-1), ["ann", 0, 0]);
    assert.equal(room.view.list(10).count, 0);
    room.tell("n1", "ann", 1);
    assert.deepEqual(room.take(), [["ann", 1, 1]]);
  });

  it("is compared with what was known when all is read anew", () => {
    const room = new Room();
    room.tell("n1", "ann", 1);
    room.tell("n1", "bob", 1);
    room.take();
    room.view.begin();
    room.tell("n1", "bob", 2);
    room.tell("n2", "eve", 1);
    assert.deepEqual(room.take(), []);
    room.view.caughtUp();
    assert.deepEqual(room.take(), [
      ["bob", 2, 2],
      ["eve", 1, 3],
      ["ann", 0, 2],
    ]);
  });
});

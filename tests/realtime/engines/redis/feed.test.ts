import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CaughtUp, Feed, type Told } from "#src/realtime/engines/redis/feed.js";
import { createHost } from "../world.js";

interface Item extends Told {
  readonly name: string;
}

function item(previous: string, position: string): Item {
  return { epoch: "e", previous, position, name: position };
}

/** A feed whose reading is answered by the test. */
function setUp(leavesOut: boolean) {
  const told: string[] = [];
  let answer: (page: CaughtUp<Item>) => void = () => assert.fail("nothing is being read");
  const feed = new Feed<Item>({
    host: createHost(),
    read: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    tell: ({ name }) => told.push(name),
    missed: () => undefined,
    leavesOut,
  });
  feed.begin("e", "1-0");
  return {
    feed,
    told,
    answer: async (items: readonly Item[], position: string) => {
      answer({ items, epoch: "e", position, isEnd: true });
      await new Promise(setImmediate);
    },
  };
}

describe("a feed that reads only what is newest", () => {
  it("hands on what was told while it read, before what is newer", async () => {
    const { feed, told, answer } = setUp(true);
    void feed.standsAt("e", "1-1");
    feed.received(item("1-0", "1-1"));
    feed.received(item("1-1", "2-0"));
    feed.received(item("2-0", "2-1"));
    await answer([item("1-0", "2-0")], "2-0");
    feed.received(item("2-1", "2-2"));
    assert.deepEqual(told, ["1-1", "2-0", "2-1", "2-2"]);
  });

  it("goes on with what it read where what was told does not reach so far", async () => {
    const { feed, told, answer } = setUp(true);
    void feed.standsAt("e", "1-1");
    feed.received(item("1-0", "1-1"));
    await answer([item("1-0", "3-0"), item("3-0", "3-1")], "3-1");
    feed.received(item("3-1", "3-2"));
    assert.deepEqual(told, ["1-1", "3-0", "3-1", "3-2"]);
  });
});

describe("a feed that reads everything", () => {
  it("hands on what it read, and then what was told beyond", async () => {
    const { feed, told, answer } = setUp(false);
    void feed.standsAt("e", "1-1");
    feed.received(item("1-0", "1-1"));
    feed.received(item("1-1", "1-2"));
    await answer([item("1-0", "1-1")], "1-1");
    assert.deepEqual(told, ["1-1", "1-2"]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log } from "#src/realtime/contract/index.js";
import { type Frame, type Peer, World } from "./world.js";

const api = contract({
  channels: { "room/{id}": log({ retain: { count: 50 } }), "short/{id}": log({ retain: { count: 5 } }) },
});

function values(frames: readonly Frame[]): unknown[] {
  return frames.map((frame) => frame[4]);
}

/** Reads pages until the last one. */
async function readAll(peer: Peer, world: World): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const isLast = peer.all("page").at(-1)?.[3];
    const n = peer.all("page").at(-1)?.[1];
    all.push(...values(peer.take("m")));
    if (isLast !== false) return all;
    peer.say(["more", n]);
    await world.settle();
  }
}

describe("a log", () => {
  it("is followed from when one subscribes, chained, the frames of a turn in one message for all", async () => {
    const world = new World(api);
    const peers = [await world.peer(), await world.peer(), await world.peer()];
    await world.server.publish("room/1", "before");
    const replies = [];
    for (const peer of peers) replies.push(await peer.done("sub", "room/1", {}));
    for (const peer of peers) peer.messages.length = 0;
    const before = world.prepared;
    await Promise.all([1, 2, 3].map((value) => world.server.publish("room/1", value)));
    await world.settle();
    for (const [index, peer] of peers.entries()) {
      assert.deepEqual(values(peer.all("m")), [1, 2, 3]);
      assert.equal(peer.all("m")[0]?.[3], replies[index]?.position);
      assert.equal(peer.all("m")[1]?.[3], peer.all("m")[0]?.[2]);
      assert.equal(peer.all("page").length, 0);
      assert.equal(peer.messages.length, 1);
    }
    assert.equal(world.prepared - before, 1);
    await world.close();
  });

  it("is published to by clients, with an acknowledgement, once for each key, and says who", async () => {
    const world = new World(api, { authenticate: ({ token }) => ({ user: String(token) }) });
    const ann = await world.peer({ token: "ann", client: "c1" });
    const bob = await world.peer({ token: "bob", client: "c1" });
    const { n } = await bob.done("sub", "room/1", {});
    const first = await ann.done("pub", "room/1", { text: "hi" }, { key: "k1" });
    const again = await ann.done("pub", "room/1", { text: "hi" }, { key: "k1" });
    assert.deepEqual(again, { position: first.position, isDuplicate: true });
    // Bob's key is another one, though he calls himself the same client.
    assert.equal((await bob.done("pub", n, { text: "ho" }, { key: "k1" })).isDuplicate, undefined);
    await world.settle();
    assert.deepEqual(
      bob.all("m").map((frame) => frame.slice(4)),
      [
        [{ text: "hi" }, { user: "ann", timeMs: world.platform.unixMs(), key: "k1" }],
        [{ text: "ho" }, { user: "bob", timeMs: world.platform.unixMs(), key: "k1" }],
      ],
    );
    await world.close();
  });

  it("brings who subscribes and publishes at once what they have published", async () => {
    const world = new World(api, {
      // The first decision takes longer than the second.
      authorize: {
        "room/{id}": async (_user: unknown, _parameters: unknown, action: string) => {
          if (action === "subscribe") for (let turn = 0; turn < 20; turn++) await Promise.resolve();
          return true;
        },
      },
    });
    const peer = await world.peer();
    peer.say(["sub", 101, "room/1", {}], ["pub", 102, "room/1", "mine", {}]);
    await world.settle();
    assert.deepEqual(values(peer.all("m")), ["mine"]);
    assert.equal(peer.answerTo(102)?.[0], "ok");
    await world.close();
  });

  it("goes on where a client was, page by page, and then live", async () => {
    const world = new World(api, { limits: { pageMessages: 4 } });
    const peer = await world.peer();
    const { position, epoch } = await peer.done("sub", "room/1", {});
    peer.vanish();
    for (let index = 0; index < 10; index++) await world.server.publish("room/1", index);
    const later = await world.peer();
    const reply = await later.done("sub", "room/1", { since: [epoch, position] });
    assert.deepEqual([reply.recovered, reply.position], [true, position]);
    assert.equal(later.all("m").length, 4);
    assert.deepEqual(later.all("page"), [["page", reply.n, later.all("m")[3]?.[2], false]]);
    await world.server.publish("room/1", 10);
    await world.settle();
    assert.equal(later.all("m").length, 4, "nothing live before the last page");
    assert.deepEqual(await readAll(later, world), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await world.server.publish("room/1", 11);
    await world.settle();
    assert.deepEqual(values(later.take("m")), [11]);
    await world.close();
  });

  it("goes on after nothing was ever published, and twice running", async () => {
    const world = new World(api);
    const first = await (await world.peer()).done("sub", "room/1", {});
    const second = await world.peer();
    const reply = await second.done("sub", "room/1", { since: [first.epoch, first.position] });
    assert.equal(reply.recovered, true);
    assert.deepEqual(second.all("page"), [["page", reply.n, first.position, true]]);
    const third = await world.peer();
    const again = await third.done("sub", "room/1", { since: [reply.epoch, reply.position] });
    assert.equal(again.recovered, true);
    await world.server.publish("room/1", 1);
    await world.settle();
    assert.equal(third.all("m")[0]?.[3], first.position);
    await world.close();
  });

  it("tells what is lost to retention, to another epoch, and to a position that never was", async () => {
    const world = new World(api);
    const { position, epoch } = await (await world.peer()).done("sub", "short/1", {});
    for (let index = 0; index < 9; index++) await world.server.publish("short/1", index);
    const cases = [
      { since: [epoch, position], reason: "retention", left: [4, 5, 6, 7, 8] },
      { since: ["another", position], reason: "epoch", left: [4, 5, 6, 7, 8] },
      { since: [epoch, "no position"], reason: "unknown-position", left: [] },
    ];
    for (const { since, reason, left } of cases) {
      const peer = await world.peer();
      const reply = await peer.done("sub", "short/1", { since });
      assert.equal(reply.recovered, false);
      const [[, , gap] = []] = peer.all("gap") as [string, number, Record<string, unknown>][];
      assert.deepEqual(gap, { reason, epoch, position: reply.position });
      assert.equal(peer.frames[1]?.[0], "gap", "it follows at once");
      assert.deepEqual(await readAll(peer, world), left);
      peer.vanish();
    }
    await world.close();
  });

  it("gives the newest first, as many as wanted, and history without a subscription", async () => {
    const world = new World(api);
    for (let index = 0; index < 9; index++) await world.server.publish("room/1", index);
    const peer = await world.peer();
    const reply = await peer.done("sub", "room/1", { last: 3 });
    assert.deepEqual(values(peer.all("m")), [6, 7, 8]);
    assert.equal(reply.position, peer.all("m")[0]?.[3]);
    const newest = await peer.done("hist", "room/1", { limit: 2 });
    assert.deepEqual(
      newest.messages.map((entry) => entry[2]),
      [7, 8],
    );
    assert.equal(newest.isEnd, false);
    const older = await peer.done("hist", "room/1", { before: newest.messages[0]?.[0], limit: 100 });
    assert.deepEqual(
      older.messages.map((entry) => entry[2]),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.equal(older.isEnd, true);
    const after = await peer.done("hist", "room/1", { after: older.messages[5]?.[0], limit: 1 });
    assert.deepEqual(
      after.messages.map((entry) => entry[2]),
      [6],
    );
    assert.equal((await peer.refused("hist", "room/1", { after: "x", limit: 1 })).code, "not-found");
    await world.close();
  });

  it("pages for a subscriber that is slow, which loses nothing, and costs the others nothing", async () => {
    const world = new World(api, { limits: { maxLagBytes: 500, pageMessages: 4 } });
    const slow = await world.peer();
    const fast = await world.peer();
    const { n } = await slow.done("sub", "room/1", {});
    await fast.done("sub", "room/1", {});
    const seen: unknown[] = values(slow.take("m"));
    slow.stall();
    for (let index = 0; index < 40; index++) {
      await world.server.publish("room/1", `${String(index)}${".".repeat(60)}`);
      await world.settle();
    }
    assert.equal(fast.all("m").length, 40);
    assert.ok(slow.bufferedBytes < 1500, `${String(slow.bufferedBytes)} octets wait`);
    const before = world.prepared;
    await slow.resume();
    assert.equal(slow.frames.at(-1)?.[0], "page");
    assert.equal(slow.frames.at(-1)?.[3], false);
    seen.push(...(await readAll(slow, world)));
    assert.deepEqual(
      seen.map((value) => Number.parseInt(String(value), 10)),
      Array.from({ length: 40 }, (_, index) => index),
    );
    assert.equal(world.prepared, before, "pages are its own");
    assert.equal(n, fast.all("m")[0]?.[1], "numbers are the server's");
    await world.server.publish("room/1", "live");
    await world.settle();
    assert.deepEqual(values(slow.take("m")), ["live"]);
    await world.close();
  });

  it("serves one that lags a little from what is encoded already", async () => {
    const world = new World(api);
    const slow = await world.peer();
    await slow.done("sub", "room/1", {});
    slow.frames.length = 0;
    slow.stall();
    for (let index = 0; index < 30; index++) {
      await world.server.publish("room/1", "x".repeat(100));
      await world.settle();
    }
    await slow.resume();
    assert.equal(slow.all("m").length, 30);
    assert.equal(slow.all("page").length, 0);
    await world.close();
  });

  it("lets answers overtake it", async () => {
    const world = new World(api);
    const slow = await world.peer();
    await slow.done("sub", "room/1", {});
    slow.stall();
    for (let index = 0; index < 30; index++) {
      await world.server.publish("room/1", "x".repeat(200));
      await world.settle();
    }
    slow.say(["ping", 77]);
    await world.settle();
    await slow.resume();
    const answer = slow.frames.findIndex(([operation, r]) => operation === "ok" && r === 77);
    const last = slow.frames.findLastIndex(([operation]) => operation === "m");
    assert.ok(answer !== -1 && answer < last);
    await world.close();
  });

  it("begins anew when a channel is subscribed to again, and ends with unsub", async () => {
    const world = new World(api);
    const peer = await world.peer();
    await peer.done("sub", "room/1", {});
    const { n } = await peer.done("sub", "room/1", { last: 5 });
    await world.server.publish("room/1", 1);
    await world.settle();
    assert.equal(peer.take("m").length, 1, "not twice");
    await peer.done("unsub", n);
    await world.server.publish("room/1", 2);
    await world.settle();
    assert.deepEqual(peer.take("m"), []);
    // The number stands for the name all the same.
    await peer.done("pub", n, 3);
    const { n: other } = await (await world.peer()).done("sub", "room/2", {});
    assert.notEqual(other, n);
    await world.close();
  });
});

/**
 * A state on the client's side: docs/protocol.md, "state".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

async function opened(options = {}) {
  const server = new FakeServer();
  const client = server.client();
  const peer = await server.welcome();
  const book = client.channel("book/X", { kind: "state", ...options });
  return { server, client, peer, book };
}

const reply = { n: 5, kind: "state", epoch: "e1" };

function brief(
  events: readonly { readonly set: ReadonlyMap<string, unknown>; readonly deleted: ReadonlySet<string> }[],
) {
  return events.map(({ set, deleted }) => [Object.fromEntries(set), [...deleted]]);
}

describe("a state", () => {
  it("takes no revision of another epoch for one that it has", async () => {
    const { server, client, peer, book } = await opened();
    book.listen(() => undefined);
    await server.clock.settle();
    peer.ok(peer.next("sub", "book/X"), { ...reply, position: "1" });
    peer.say(["snap", 5, "1", [["a", "before", "1"]], true], ["d", 5, "3", "2", []]);
    await server.clock.advance(1000);
    // The server has been started anew, and counts from the beginning.
    peer.ok(peer.next("sub", "book/X"), { ...reply, epoch: "e2", position: "1" });
    peer.say(["snap", 5, "1", [["a", "after", "1"]], true]);
    await server.clock.settle();
    assert.deepEqual([...book.values], [["a", "after"]]);
    await client.close();
  });

  it("is a snapshot, then deltas", async () => {
    const { server, client, peer, book } = await opened({ maxUpdatesPerSecond: 5 });
    const loop = new Recorded(book);
    await server.clock.settle();
    peer.ok(peer.next("sub", "book/X", { rate: 5 }), { ...reply, position: "2" });
    peer.say(["snap", 5, "2", [["a", 1, "1"]], false]);
    await server.clock.settle();
    assert.equal(book.values.size, 0, "half a snapshot is none");
    peer.say(["snap", 5, "2", [["b", 2, "2"]], true]);
    peer.say([
      "d",
      5,
      "4",
      "2",
      [
        ["a", 10, "3"],
        ["c", 3, "4"],
      ],
      ["b"],
    ]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      [{ a: 1, b: 2 }, []],
      [{ a: 10, c: 3 }, ["b"]],
    ]);
    assert.deepEqual(
      [...book.values],
      [
        ["a", 10],
        ["c", 3],
      ],
    );
    assert.equal(book.position, "4");
    assert.equal(book.revision("a"), "3");
    assert.equal(book.revision("b"), undefined);
    await client.close();
  });

  it("goes on from where it was after a reconnect, with a delta or with a snapshot", async () => {
    const { server, client, book } = await opened();
    const loop = new Recorded(book);
    await server.peer.subscribed("book/X", { ...reply, position: "2" } as never);
    server.peer.say([
      "snap",
      5,
      "2",
      [
        ["a", 1, "1"],
        ["b", 2, "2"],
      ],
      true,
    ]);
    await server.clock.settle();
    let peer = await server.reconnect();
    peer.ok(peer.next("sub", "book/X", { since: ["e1", "2"] }), { ...reply, position: "2", recovered: true });
    peer.say(["d", 5, "3", "2", [["a", 5, "3"]]]);
    await server.clock.settle();
    peer = await server.reconnect();
    peer.ok(peer.next("sub", "book/X", { since: ["e1", "3"] }), { ...reply, position: "9", recovered: false });
    peer.say([
      "snap",
      5,
      "9",
      [
        ["a", 5, "3"],
        ["c", 9, "9"],
      ],
      true,
    ]);
    await server.clock.settle();
    // Of a snapshot, what has changed is told.
    assert.deepEqual(brief(loop.events), [
      [{ a: 1, b: 2 }, []],
      [{ a: 5 }, []],
      [{ c: 9 }, ["b"]],
    ]);
    await client.close();
  });

  it("is asked for again where a delta does not follow, and from the beginning in another epoch", async () => {
    const { server, client, peer, book } = await opened();
    const loop = new Recorded(book);
    await peer.subscribed("book/X", { ...reply, position: "2" } as never);
    peer.say(["snap", 5, "2", [["a", 1, "1"]], true]);
    peer.say(["d", 5, "2", "1", [["a", 0, "0"]]]);
    peer.say(["d", 5, "5", "4", [["a", 5, "5"]]]);
    await server.clock.settle();
    peer.ok(peer.next("sub", "book/X", { since: ["e1", "2"] }), { ...reply, epoch: "e2", position: "1" });
    peer.say(["d", 5, "3", "2", [["a", 3, "3"]]]);
    await server.clock.settle();
    assert.equal(loop.events.length, 1, "positions of one epoch say nothing in another");
    await server.clock.runUntil(() => peer.frames.length > 0);
    peer.ok(peer.next("sub", "book/X", {}), { ...reply, epoch: "e2", position: "1" });
    peer.say(["snap", 5, "1", [["a", 7, "1b"]], true]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      [{ a: 1 }, []],
      [{ a: 7 }, []],
    ]);
    await client.close();
  });

  it("gives a slow loop the newest of each key, and a new loop all of them first", async () => {
    const { server, client, peer, book } = await opened();
    const slow = book[Symbol.asyncIterator]();
    await peer.subscribed("book/X", { ...reply, position: "0" } as never);
    peer.say([
      "snap",
      5,
      "0",
      [
        ["a", 0, "0"],
        ["b", 0, "0"],
      ],
      true,
    ]);
    for (let at = 1; at <= 1000; at++) peer.say(["d", 5, String(at), String(at - 1), [["a", at, String(at)]]]);
    peer.say(["d", 5, "1001", "1000", [["c", 1, "1001"]], ["b"]], ["d", 5, "1002", "1001", [["b", 7, "1002"]], ["c"]]);
    await server.clock.settle();
    const { value } = await slow.next();
    assert.ok(value !== undefined);
    assert.deepEqual(brief([value]), [[{ a: 1000, b: 7 }, ["c"]]]);
    assert.equal(value.position, "1002");
    const late = new Recorded(book);
    await server.clock.settle();
    assert.deepEqual(brief(late.events), [[{ a: 1000, b: 7 }, []]]);
    await client.close();
  });

  it("keeps what it knew when everybody has left, and catches up when somebody comes", async () => {
    const { server, client, peer, book } = await opened();
    const stop = book.listen(() => undefined);
    await peer.subscribed("book/X", { ...reply, position: "0" } as never);
    peer.say(["snap", 5, "0", [["a", 0, "0"]], true]);
    stop();
    await server.clock.settle();
    peer.ok(peer.next("unsub", 5));
    assert.equal(book.values.get("a"), 0);
    book.listen(() => undefined);
    await server.clock.settle();
    peer.next("sub", "book/X", { since: ["e1", "0"] });
    await client.close();
  });

  it("is set and deleted by key, on condition of a revision", async () => {
    const { server, client, peer, book } = await opened();
    const done = [
      book.set("a", 1),
      book.set("a", 1, { if: null }),
      book.set("a", 1, { if: "r1" }),
      book.delete("a"),
      book.delete("a", { if: "r2" }),
    ];
    await server.clock.settle();
    assert.deepEqual(
      peer.frames.map((frame) => [frame[0], ...frame.slice(2)]),
      [
        ["set", "book/X", "a", 1, {}],
        ["set", "book/X", "a", 1, { if: null }],
        ["set", "book/X", "a", 1, { if: "r1" }],
        ["del", "book/X", "a", {}],
        ["del", "book/X", "a", { if: "r2" }],
      ],
    );
    for (const frame of peer.frames.splice(0, 4)) peer.ok(frame[1] as number, { revision: "r9" });
    peer.err(peer.next("del"), "conflict", { data: { value: 3, revision: "r3" } });
    for (const request of done.slice(0, 4)) assert.deepEqual(await request, { revision: "r9" });
    await assert.rejects(done[4]!, { code: "conflict", data: { value: 3, revision: "r3" } });
    const lost = book.set("a", 2);
    await server.clock.settle();
    peer.end();
    await assert.rejects(lost, { code: "connection-lost", retryable: false });
    const waiting = book.set("a", 3, { timeoutMs: 1 });
    await server.clock.advance(1);
    await assert.rejects(waiting, { code: "timeout" });
    await client.close();
  });

  it("has an epoch, or the server is wrong", async () => {
    const { server, client, peer, book } = await opened();
    new Recorded(book);
    await server.clock.settle();
    peer.ok(peer.next("sub"), { n: 5, kind: "state" });
    assert.equal(peer.closedWith?.[0], 4400);
    await client.close();
  });
});

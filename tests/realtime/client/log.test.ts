/**
 * A log on the client's side: docs/protocol.md, "log" and "Publishing".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

function brief(events: readonly { readonly type: string }[]): unknown[] {
  return events.map((event) => {
    const { type, value, position, recovered, reason } = event as unknown as Record<string, unknown>;
    if (type === "message") return recovered === true ? [value, position, "recovered"] : [value, position];
    return type === "gap" ? ["gap", reason, position] : [type, position, recovered];
  });
}

async function opened(options?: Parameters<FakeServer["client"]>[0]) {
  const server = new FakeServer();
  const client = server.client(options);
  const peer = await server.welcome();
  return { server, client, peer, room: client.channel("room/7") };
}

describe("a log", () => {
  it("is subscribed while somebody iterates, and gives messages as they come", async () => {
    const { server, client, peer, room } = await opened();
    assert.equal(room.status, "idle");
    peer.nothing();
    const loop = new Recorded(room);
    await server.clock.settle();
    assert.equal(room.status, "subscribing");
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    assert.equal(room.status, "subscribed");
    peer.say(["m", 5, "1", "0", { text: "a" }, { user: "u", timeMs: 7, key: "k" }], ["m", 5, "2", "1", "b"]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      ["live", "0", true],
      [{ text: "a" }, "1"],
      ["b", "2"],
    ]);
    assert.deepEqual(loop.events[1], {
      type: "message",
      value: { text: "a" },
      epoch: "e1",
      position: "1",
      previous: "0",
      recovered: false,
      user: "u",
      timeMs: 7,
      key: "k",
    });
    await loop.leave();
    await server.clock.settle();
    peer.next("unsub", 5);
    assert.equal(room.status, "idle");
    await client.close();
  });

  it("takes in what was missed, page by page, and says when all of it has come", async () => {
    const { server, client, room } = await opened();
    const loop = new Recorded(room);
    await server.peer.subscribed("room/7", { n: 5, kind: "log" });
    server.peer.say(["m", 5, "1", "0", "a"]);
    const peer = await server.reconnect();
    assert.equal(room.status, "subscribing");
    const r = peer.next("sub", "room/7", { since: ["e1", "1"] });
    peer.ok(r, { n: 9, kind: "log", epoch: "e1", position: "1", recovered: true });
    peer.say(["m", 9, "2", "1", "b"], ["page", 9, "2", false]);
    await server.clock.settle();
    peer.next("more", 9);
    peer.say(["m", 9, "3", "2", "c"], ["page", 9, "3", true], ["m", 9, "4", "3", "d"]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      ["live", "0", true],
      ["a", "1"],
      ["b", "2", "recovered"],
      ["c", "3", "recovered"],
      ["live", "3", true],
      ["d", "4"],
    ]);
    await client.close();
    assert.equal(loop.isOver, true);
    assert.equal(loop.error, undefined);
  });

  it("recovers after no message at all, and twice running", async () => {
    const { server, client, room } = await opened();
    const loop = new Recorded(room);
    await server.peer.subscribed("room/7", { n: 5, kind: "log" });
    for (let time = 0; time < 2; time++) {
      const peer = await server.reconnect();
      peer.ok(peer.next("sub", "room/7", { since: ["e1", "0"] }), {
        n: 5,
        kind: "log",
        epoch: "e1",
        position: "0",
        recovered: true,
      });
      peer.say(["page", 5, "0", true]);
      await server.clock.settle();
    }
    assert.deepEqual(brief(loop.events), [
      ["live", "0", true],
      ["live", "0", true],
      ["live", "0", true],
    ]);
    await client.close();
  });

  it("drops what it has had, the last 64 of them, and asks again where something is missing", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(room);
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    loop.take();
    for (let at = 1; at <= 70; at++) peer.say(["m", 5, String(at), String(at - 1), at]);
    await server.clock.settle();
    assert.equal(loop.take().length, 70);
    // 7 is the oldest that is remembered.
    peer.say(["m", 5, "70", "69", "again"], ["m", 5, "7", "6", "again"]);
    await server.clock.settle();
    assert.deepEqual(loop.take(), []);
    peer.nothing();
    peer.say(["m", 5, "80", "79", "late"], ["m", 5, "81", "80", "later"]);
    await server.clock.settle();
    peer.ok(peer.next("sub", "room/7", { since: ["e1", "70"] }), {
      n: 5,
      kind: "log",
      epoch: "e1",
      position: "70",
      recovered: true,
    });
    peer.nothing();
    peer.say(["m", 5, "80", "70", "late"], ["page", 5, "80", true]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.take()), [
      ["late", "80", "recovered"],
      ["live", "80", true],
    ]);
    // 6 is not remembered any more: it is a hole like any other.
    peer.say(["m", 5, "6", "5", "very old"]);
    await server.clock.settle();
    peer.next("sub", "room/7", { since: ["e1", "80"] });
    await client.close();
  });

  it("asks again ever more rarely where the server never fills the hole", async () => {
    const { server, client, peer, room } = await opened();
    server.random = () => 1;
    const loop = new Recorded(room);
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    peer.say(["m", 5, "9", "8", "hole"]);
    let asked = 0;
    for (let minute = 0; minute < 10; minute++) {
      for (let second = 0; second < 60; second++) {
        for (const frame of peer.frames.splice(0)) {
          assert.equal(frame[0], "sub");
          asked++;
          peer.ok(frame[1], { n: 5, kind: "log", epoch: "e1", position: "0", recovered: true });
          peer.say(["m", 5, "9", "8", "hole"]);
        }
        await server.clock.advance(1000);
      }
    }
    assert.ok(asked > 10 && asked < 40, `${asked} times in ten minutes`);
    assert.equal(loop.events.length, 1);
    await client.close();
  });

  it("tells of a gap, and goes on from there", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(client.channel("room/7", { since: { epoch: "old", position: "12" } }));
    await server.clock.settle();
    const r = peer.next("sub", "room/7", { since: ["old", "12"] });
    peer.ok(r, { n: 5, kind: "log", epoch: "e2", position: "12", recovered: false });
    peer.say(["gap", 5, { reason: "epoch", epoch: "e2", position: "3" }]);
    peer.say(["m", 5, "4", "3", "a"], ["page", 5, "4", true]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      ["gap", "epoch", "3"],
      ["a", "4", "recovered"],
      ["live", "4", false],
    ]);
    assert.equal(room.epoch, "e2");
    assert.equal(room.position, "4");
    // From now on nothing is missing.
    const next = await server.reconnect();
    next.ok(next.next("sub", "room/7", { since: ["e2", "4"] }), {
      n: 5,
      kind: "log",
      epoch: "e2",
      position: "4",
      recovered: true,
    });
    next.say(["page", 5, "4", true]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events).at(-1), ["live", "4", true]);
    await client.close();
  });

  it("begins with the newest ones where it is asked to", async () => {
    const { server, client, peer } = await opened();
    const loop = new Recorded(client.channel("room/7", { last: 2 }));
    await server.clock.settle();
    peer.ok(peer.next("sub", "room/7", { last: 2 }), { n: 5, kind: "log", epoch: "e1", position: "6" });
    peer.say(["m", 5, "7", "6", "a"], ["m", 5, "8", "7", "b"], ["page", 5, "8", true]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      ["a", "7", "recovered"],
      ["b", "8", "recovered"],
      ["live", "8", true],
    ]);
    await client.close();
  });

  it("asks for the next page when a loop has room for it", async () => {
    const { server, client, peer } = await opened({ maxBufferedEvents: 4 });
    const iterator = client.channel("room/7", { last: 100 })[Symbol.asyncIterator]();
    await server.clock.settle();
    peer.ok(peer.next("sub", "room/7", { last: 100 }), { n: 5, kind: "log", epoch: "e1", position: "0" });
    peer.say(["m", 5, "1", "0", 1], ["m", 5, "2", "1", 2], ["m", 5, "3", "2", 3], ["page", 5, "3", false]);
    await server.clock.settle();
    peer.nothing();
    await iterator.next();
    await server.clock.settle();
    peer.next("more", 5);
    peer.nothing();
    await client.close();
  });

  it("is let go of by a loop that is slow, and taken up where it was", async () => {
    const { server, client, peer } = await opened({ maxBufferedEvents: 4 });
    const iterator = client.channel("room/7")[Symbol.asyncIterator]();
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    for (let at = 1; at <= 9; at++) peer.say(["m", 5, String(at), String(at - 1), at]);
    await server.clock.settle();
    peer.next("unsub", 5);
    peer.nothing();
    const seen: unknown[] = [];
    for (let taken = 0; taken < 4; taken++) {
      const { value } = await iterator.next();
      if (value?.type === "message") seen.push(value.value);
    }
    await server.clock.settle();
    peer.ok(peer.next("sub", "room/7", { since: ["e1", "3"] }), {
      n: 5,
      kind: "log",
      epoch: "e1",
      position: "3",
      recovered: true,
    });
    peer.say(["m", 5, "4", "3", 4], ["page", 5, "4", true]);
    const { value } = await iterator.next();
    assert.deepEqual([...seen, value?.type === "message" && value.value], [1, 2, 3, 4]);
    await client.close();
  });

  it("is the same one for all loops and listeners, until the last of them has gone", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(room);
    const heard: unknown[] = [];
    const stop = room.listen((event) => {
      heard.push(event);
      throw new Error("a listener that fails");
    });
    assert.equal(client.channel("room/7"), room);
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    peer.say(["m", 5, "1", "0", "a"]);
    await server.clock.settle();
    assert.deepEqual(heard, loop.events);
    assert.equal(server.printed.length, 2);
    await loop.leave();
    peer.nothing();
    stop();
    stop();
    await server.clock.settle();
    peer.next("unsub", 5);
    // What was on its way comes to nobody.
    peer.say(["m", 5, "2", "1", "b"]);
    assert.equal(heard.length, 2);
    await client.close();
  });

  it("is unsubscribed, too, when everybody left before the server had answered", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(room);
    await server.clock.settle();
    const r = peer.next("sub", "room/7");
    await loop.leave();
    peer.ok(r, { n: 5, kind: "log", epoch: "e1", position: "0" });
    await server.clock.settle();
    peer.next("unsub", 5);
    await client.close();
  });

  it("is over for a loop where the server says so for good, and subscribed again where it does not", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(room);
    const failures: unknown[] = [];
    room.listen(
      () => undefined,
      (error) => failures.push(error),
    );
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    peer.say(["closed", 5, { code: "unavailable", message: "", retryable: true, retryAfterMs: 3000 }]);
    await server.clock.advance(2999);
    peer.nothing();
    await server.clock.advance(1001);
    peer.err(peer.next("sub", "room/7", { since: ["e1", "0"] }), "forbidden");
    await server.clock.settle();
    assert.equal(loop.isOver, true);
    assert.equal((loop.error as { code?: unknown }).code, "forbidden");
    assert.deepEqual(failures, [loop.error]);
    assert.equal(room.status, "idle");
    // Whoever comes then tries anew.
    const again = new Recorded(room);
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    assert.deepEqual(brief(again.events), [["live", "0", true]]);
    await client.close();
  });

  it("is refused where the channel is of another kind", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(room);
    await peer.subscribed("room/7", { n: 5, kind: "signal" });
    assert.equal((loop.error as { code?: unknown }).code, "wrong-kind");
    peer.next("unsub", 5);
    assert.throws(() => client.channel("room/7", { kind: "signal" }), { code: "wrong-kind" });
    await client.close();
    await server.clock.settle();
    assert.equal(server.clock.pendingTimers, 0);
  });
});

describe("publishing to a log", () => {
  it("waits for a connection, and is sent again until the server has it, in order", async () => {
    const server = new FakeServer();
    const client = server.client();
    const room = client.channel("room/7");
    const results = ["a", "b", "c"].map((message) => room.publish(message));
    assert.equal(client.pendingRequests, 3);
    const peer = await server.welcome();
    assert.deepEqual(peer.batches, [1, 4], "with the ping in one message");
    const first = peer.next("pub", "room/7", "a");
    const second = peer.frames[0]?.[4];
    peer.ok(first, { position: "1" });
    assert.deepEqual(await results[0], { position: "1" });
    const next = await server.reconnect();
    assert.deepEqual(next.frames[0]?.[4], second, "with the same key");
    next.ok(next.next("pub", "room/7", "b"), { position: "2", isDuplicate: true });
    next.ok(next.next("pub", "room/7", "c"), { position: "3" });
    assert.deepEqual(await Promise.all(results), [
      { position: "1" },
      { position: "2", isDuplicate: true },
      { position: "3" },
    ]);
    assert.equal(client.pendingRequests, 0);
    await client.close();
  });

  it("goes by the channel's number where it has one", async () => {
    const { server, client, peer, room } = await opened();
    const loop = new Recorded(room);
    await peer.subscribed("room/7", { n: 5, kind: "log" });
    const published = room.publish("a", { idempotencyKey: "mine" });
    await server.clock.settle();
    peer.ok(peer.next("pub", 5, "a", { key: "mine" }), { position: "1" });
    await published;
    // The number is another one on the next connection.
    const again = room.publish("b");
    await server.clock.settle();
    const next = await server.reconnect();
    next.next("sub", "room/7");
    next.ok(next.next("pub", "room/7", "b"), { position: "2" });
    await again;
    await loop.leave();
    await client.close();
  });

  it("rejects with what the server answers, and nobody has to look", async () => {
    const { server, client, peer, room } = await opened();
    const published = room.publish("a");
    void room.publish("nobody looks");
    await server.clock.settle();
    peer.err(peer.next("pub"), "rate-limited", { retryable: true, retryAfterMs: 5, data: [1] });
    peer.err(peer.next("pub"), "forbidden");
    await assert.rejects(published, { code: "rate-limited", retryable: true, retryAfterMs: 5, data: [1] });
    await client.close();
  });

  it("is refused at once where too much waits, or the value is none", async () => {
    const server = new FakeServer();
    const client = server.client({ maxRequests: 2, maxRequestBytes: 200 });
    const room = client.channel("room/7");
    void room.publish("a");
    await assert.rejects(room.publish("x".repeat(200)), { code: "outbox-full", retryable: true });
    await assert.rejects(room.publish(5n), TypeError);
    void room.publish("b");
    await assert.rejects(room.publish("c"), { code: "outbox-full" });
    await client.close();
  });

  it("is refused where the server takes no messages of that length, and the others go on", async () => {
    const server = new FakeServer();
    const client = server.client();
    const room = client.channel("room/7");
    const long = room.publish("ä".repeat(60));
    const short = room.publish("b");
    const peer = await server.welcome({ maxMessageBytes: 150 });
    await assert.rejects(long, { code: "too-large" });
    peer.ok(peer.next("pub", "room/7", "b"), { position: "1" });
    await short;
    await client.close();
  });

  it("can be given up, and runs out of time where one was set", async () => {
    const { server, client, room } = await opened();
    const giveUp = new AbortController();
    const abandoned = room.publish("a", { signal: giveUp.signal });
    const late = room.publish("b", { timeoutMs: 500 });
    await server.clock.settle();
    giveUp.abort(new Error("enough"));
    await assert.rejects(abandoned, /enough/u);
    await server.clock.advance(500);
    await assert.rejects(late, { code: "timeout" });
    await assert.rejects(room.publish("c", { signal: giveUp.signal }), /enough/u);
    assert.equal(client.pendingRequests, 0);
    await client.close();
    await assert.rejects(room.publish("d"), { code: "client-closed" });
  });

  it("is done by the client that the application says it is, under keys that no other one of it has", async () => {
    const server = new FakeServer();
    const clients = [server.client({ clientId: "mine" }), server.client({ clientId: "mine" })];
    await server.clock.settle();
    const keys = await Promise.all(
      clients.map(async (client, index) => {
        const peer = server.peers[index] ?? assert.fail();
        assert.equal((peer.frames[0] as [string, { client: string }])[1].client, "mine");
        peer.welcome();
        void client.channel("room/7").publish("a");
        await server.clock.settle();
        const frame = peer.frames.find(([operation]) => operation === "pub") as unknown as [
          ...unknown[],
          { key: string },
        ];
        return (frame.at(-1) as { key: string }).key;
      }),
    );
    assert.notEqual(keys[0], keys[1]);
    for (const client of clients) await client.close();
  });
});

describe("the history of a log", () => {
  it("is asked for without subscribing, again after a reconnect", async () => {
    const { server, client, room } = await opened();
    const asked = room.history({ before: "9", limit: 2 });
    await server.clock.settle();
    server.peer.next("hist", "room/7", { limit: 2, before: "9" });
    const peer = await server.reconnect();
    peer.ok(peer.next("hist", "room/7", { limit: 2, before: "9" }), {
      epoch: "e1",
      messages: [
        ["7", "6", "a", { user: "u" }],
        ["8", "7", "b"],
      ],
      isEnd: false,
    });
    assert.deepEqual(await asked, {
      epoch: "e1",
      messages: [
        { value: "a", epoch: "e1", position: "7", previous: "6", user: "u", timeMs: undefined, key: undefined },
        { value: "b", epoch: "e1", position: "8", previous: "7", user: undefined, timeMs: undefined, key: undefined },
      ],
      isEnd: false,
    });
    const nonsense = room.history();
    await server.clock.settle();
    peer.ok(peer.next("hist", "room/7", { limit: 50 }), { epoch: "e1", messages: [["7"]], isEnd: true });
    await assert.rejects(nonsense, { code: "protocol-broken" });
    assert.equal(peer.closedWith?.[0], 4400);
    await client.close();
  });
});

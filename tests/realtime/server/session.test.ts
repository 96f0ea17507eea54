import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contract, log, media, signal, state } from "#src/realtime/contract/index.js";
import { startUnixMs } from "../engines/world.js";
import { believe, World } from "./world.js";

const api = contract({
  channels: { "room/{id}": log(), "book/{id}": state(), "cursor/{id}": signal(), "video/{id}": media() },
});

describe("a session", () => {
  it("is welcomed, and what was said behind hello is answered after that", async () => {
    const world = new World(api, {
      authenticate: async ({ token }) => {
        await world.clock.sleep(100);
        return { user: String(token) };
      },
    });
    const peer = await world.open();
    peer.say(["hello", { token: "ann" }], ["ping", 1]);
    peer.say(["ping", 2]);
    await world.settle();
    assert.equal(peer.frames.length, 0);
    await world.clock.advance(100);
    const [welcome, ...pongs] = peer.frames;
    assert.equal(welcome?.[0], "welcome");
    const { user, timeMs, session } = welcome?.[1] as Record<string, unknown>;
    assert.deepEqual([user, timeMs], ["ann", startUnixMs + 100]);
    assert.ok(typeof session === "string" && session.length > 0);
    assert.deepEqual(
      pongs.map(([operation, r]) => [operation, r]),
      [
        ["ok", 1],
        ["ok", 2],
      ],
    );
    await world.close();
  });

  it("is closed when it breaks the protocol, with a reason", async () => {
    const world = new World(api);
    const silent = await world.open();
    await world.clock.advance(10_001);
    assert.equal(silent.closed?.code, 4408);
    for (const frame of [
      ["ping", 1],
      ["nonsense"],
      ["hello"],
      ["hello", 5],
      [["ping", 1]],
      ["hello", { client: "" }],
    ]) {
      const peer = await world.open();
      peer.say(frame);
      await world.settle();
      assert.equal(peer.closed?.code, 4400, JSON.stringify(frame));
      assert.ok(peer.closed.reason.length > 0);
    }
    for (const frames of [
      [["nonsense"]],
      [["hello", {}]],
      [["more", "x"]],
      [
        ["call", 1, "x"],
        ["ping", 0],
      ],
    ]) {
      const peer = await world.peer();
      peer.say(...frames);
      await world.settle();
      assert.equal(peer.closed?.code, 4400, JSON.stringify(frames));
    }
    const garbled = await world.peer();
    void garbled.session.receive("{");
    assert.equal(garbled.closed?.code, 4400);
    const binary = await world.peer();
    void binary.session.receive(Uint8Array.of(1));
    assert.equal(binary.closed?.code, 4400);
    await world.close();
  });

  it("answers a request that is malformed, and names what is wrong", async () => {
    const world = new World(api);
    const peer = await world.peer();
    for (const [operation, ...elements] of [
      ["sub", 5, {}],
      ["sub", ""],
      ["sub", "room/1", { last: -1 }],
      ["hist", "room/1", {}],
      ["pub", -1, 1],
    ]) {
      assert.equal((await peer.refused(operation as string, ...elements)).code, "bad-request");
    }
    assert.equal((await peer.refused("sub", "nowhere")).code, "not-found");
    assert.equal((await peer.refused("pub", "book/1", 1)).code, "wrong-kind");
    assert.equal((await peer.refused("set", "room/1", "k", 1)).code, "wrong-kind");
    assert.equal((await peer.refused("pub", 99, 1)).code, "not-found");
    assert.equal((await peer.refused("pres", 99, 1)).code, "not-found");
    assert.equal((await peer.refused("call", "nothing", 1)).code, "not-found");
    assert.equal(peer.closed, undefined);
    await world.close();
  });

  it("is let in by authenticate alone, and closed with 4401 otherwise", async () => {
    const world = new World(api, { authenticate: believe });
    const stranger = await world.open();
    stranger.say(["hello", {}]);
    await world.settle();
    assert.equal(stranger.closed?.code, 4401);
    const failing = new World(api, {
      authenticate: () => {
        throw new Error("no database");
      },
    });
    const peer = await failing.open();
    peer.say(["hello", {}]);
    await failing.settle();
    assert.equal(peer.closed?.code, 1013);
    assert.equal(failing.errors.splice(0).length, 1);
    await world.close();
    await failing.close();
  });

  it("is not let in by an answer that says nothing of who it is", async () => {
    for (const [answer, code] of [
      [null, 4401],
      [true, 1013],
      [{}, 1013],
      [{ user: 5 }, 1013],
    ] as const) {
      const world = new World(api, { authenticate: () => answer as never });
      const peer = await world.open();
      peer.say(["hello", {}], ["ping", 1]);
      await world.settle();
      assert.equal(peer.closed?.code, code, JSON.stringify(answer));
      assert.equal(world.errors.splice(0).length, code === 1013 ? 1 : 0);
      await world.close();
    }
  });

  it("leaves what a handler of errors throws to whoever hands in messages", async () => {
    const failure = new Error("in the handler");
    const world = new World(api, {
      authenticate: () => Promise.reject(new Error("no database")),
      error: () => {
        throw failure;
      },
    });
    const peer = await world.open();
    await assert.rejects(Promise.resolve(peer.session.receive('["hello",{}]')), failure);
    await world.close();
  });

  it("is asked for a new token in time, goes on with one, and ends without", async () => {
    const world: World = new World(api, {
      authenticate: ({ token }) => ({
        user: String(token).slice(0, 3),
        expiresAtMs: world.platform.unixMs() + 100_000,
      }),
    });
    const peer = await world.peer({ token: "ann1" });
    await world.clock.advance(39_000);
    assert.equal(peer.all("expiring").length, 0);
    await world.clock.advance(1001);
    assert.deepEqual(peer.take("expiring"), [["expiring", { inMs: 60_000 }]]);
    await peer.done("token", "ann2");
    await world.clock.advance(90_000);
    assert.equal((await peer.refused("token", "bob1")).code, "forbidden");
    await world.clock.advance(10_001);
    assert.equal(peer.closed?.code, 4401);
    await world.close();
  });

  it("may do what authorize says, by pattern and action, and nothing where it says nothing", async () => {
    const asked: unknown[] = [];
    const world = new World(api, {
      authenticate: believe,
      authorize: {
        "room/{id}": (user, { id }, action, name) => {
          asked.push([user.id, id, action, name]);
          return Promise.resolve(action === "subscribe" || user.id === "ann");
        },
        "cursor/{id}": () => undefined as unknown as boolean,
      },
    });
    const [ann, bob] = [await world.peer({ token: "ann" }), await world.peer({ token: "bob" })];
    await bob.done("sub", "room/7", {});
    assert.equal((await bob.refused("sub", "room/7", { presence: true })).code, "forbidden");
    assert.equal((await bob.refused("pub", "room/7", 1)).code, "forbidden");
    assert.equal((await bob.refused("hist", "room/7", { limit: 1 })).code, "forbidden");
    await ann.done("pub", "room/7", 1);
    for (const name of ["book/1", "cursor/1"]) assert.equal((await ann.refused("sub", name)).code, "forbidden");
    assert.deepEqual(asked[0], ["bob", "7", "subscribe", "room/7"]);
    await world.close();
  });

  it("loses what is revoked at once: a subscription, or all", async () => {
    let isAllowed = true;
    const world = new World(api, { authenticate: believe, authorize: { "room/{id}": () => isAllowed } });
    const [ann, bob] = [await world.peer({ token: "ann" }), await world.peer({ token: "bob" })];
    const { n } = await ann.done("sub", "room/1", {});
    isAllowed = false;
    await world.server.reauthorize("ann");
    await world.settle();
    const [[, number, error] = []] = ann.all("closed");
    assert.equal(number, n);
    assert.equal((error as { code: string }).code, "forbidden");
    await world.server.publish("room/1", 1);
    await world.settle();
    assert.equal(ann.all("m").length, 0);
    assert.equal(await world.server.revoke("bob"), 1);
    assert.equal(bob.closed?.code, 4403);
    assert.equal(ann.closed, undefined);
    await world.close();
  });

  it("has a limit on requests a second for each user, and is closed when it does not care", async () => {
    const world = new World(api, { authenticate: believe, limits: { requestsPerSecond: 10, requestBurst: 20 } });
    const [one, two] = [await world.peer({ token: "ann" }), await world.peer({ token: "ann" })];
    const bob = await world.peer({ token: "bob" });
    for (let index = 0; index < 10; index++) {
      await one.done("ping");
      await two.done("ping");
    }
    const refusal = await two.refused("ping");
    assert.deepEqual([refusal.code, refusal["retryable"], refusal["retryAfterMs"]], ["rate-limited", true, 100]);
    await bob.done("ping");
    await world.clock.advance(1000);
    await one.done("ping");
    for (let index = 100; index < 200; index++) one.say(["sig", 0, "cursor/1", 1]);
    await world.settle();
    assert.equal(one.closed?.code, 4429);
    assert.equal(bob.closed, undefined);
    await world.close();
  });

  it("has a limit on everything it may hold", async () => {
    const limits = { maxSubscriptions: 2, maxRequests: 3, maxMessageBytes: 1000, maxBufferedBytes: 3000 };
    const world = new World(api, { limits, calls: { wait: () => new Promise(() => {}), big: () => "x".repeat(1000) } });
    const peer = await world.peer();
    await peer.done("sub", "room/1");
    await peer.done("sub", "room/2");
    assert.match(String((await peer.refused("sub", "room/3"))["message"]), /maxSubscriptions/u);
    await peer.done("sub", "room/2", {});
    peer.say(["call", 101, "wait", 1], ["call", 102, "wait", 1], ["call", 103, "wait", 1]);
    assert.equal((await peer.refused("ping")).code, "too-many");
    peer.say(["call", 101, "wait", 1]);
    assert.equal(peer.closed?.code, 4400);
    // Octets, and not characters.
    for (const text of ["x".repeat(1000), "€".repeat(400)]) {
      const large = await world.peer();
      large.say(["pub", 1, "room/1", text]);
      assert.deepEqual([large.closed?.code, (large.closed?.reason ?? "").includes("maxMessageBytes")], [1009, true]);
    }
    const deaf = await world.peer();
    deaf.stall();
    for (let r = 1; r < 10; r++) {
      deaf.say(["call", r, "big", 1]);
      await world.settle();
    }
    assert.deepEqual([deaf.closed?.code, (deaf.closed?.reason ?? "").includes("maxBufferedBytes")], [1013, true]);
    await world.close();
  });

  it("leaves nothing behind", async () => {
    const world = new World(api, { authenticate: believe });
    const peer = await world.peer({ token: "ann" });
    await peer.done("sub", "room/1", { presence: true });
    await peer.done("sub", "book/1", {});
    assert.deepEqual(
      [...world.server.sessions].map(({ channels }) => channels),
      [["room/1", "book/1"]],
    );
    peer.vanish();
    assert.deepEqual([...world.server.sessions], []);
    await world.clock.advance(60_000);
    assert.equal((await world.server.presence("room/1")).count, 0);
    await world.close();
    // The heartbeat of the node, and the sweep of the engine, are cancelled.
    assert.equal(world.clock.pendingTimers, 0);
  });

  it("is told when the server goes away, and closed when it stays, after a while in which the last could move", async () => {
    const world = new World(api);
    const [polite, stubborn] = [await world.peer(), await world.peer()];
    const draining = world.server.drain({ spreadMs: 5000 });
    await world.settle();
    assert.deepEqual(polite.all("goaway"), [["goaway", { afterMs: 5000, code: 1012 }]]);
    polite.vanish();
    await world.clock.advance(6999);
    await stubborn.done("ping");
    await world.clock.advance(1);
    await draining;
    assert.equal(stubborn.closed?.code, 1012);
    await world.close();
  });

  it("is waited for beyond the time in which others move, where the server has more of it", async () => {
    const world = new World(api);
    const slow = await world.peer();
    const draining = world.server.drain({ spreadMs: 100, deadlineMs: 5000 });
    await world.settle();
    assert.deepEqual(slow.take("goaway"), [["goaway", { afterMs: 100, code: 1012 }]]);
    for (const deadlineMs of [Number.NaN, -1, Infinity]) {
      await assert.rejects(world.server.drain({ deadlineMs }), RangeError);
    }
    await world.clock.advance(4999);
    assert.equal(slow.closed, undefined);
    slow.vanish();
    await draining;
    await world.close();
  });

  it("is told as soon as it is welcomed, where the server went away while it came in", async () => {
    const world = new World(api);
    const late = await world.open();
    const draining = world.server.drain({ spreadMs: 5000 });
    await world.settle();
    assert.deepEqual(late.frames, []);
    late.say(["hello", {}]);
    await world.settle();
    assert.deepEqual(late.all("goaway"), [["goaway", { afterMs: 1000, code: 1012 }]]);
    late.vanish();
    await draining;
    await world.close();
  });

  it("moves well within the time that the server has, where that is short", async () => {
    const world = new World(api);
    const peer = await world.peer();
    const draining = world.server.drain({ deadlineMs: 4000 });
    await world.settle();
    assert.deepEqual(peer.all("goaway"), [["goaway", { afterMs: 3200, code: 1012 }]]);
    peer.vanish();
    await draining;
    await world.close();
  });
});

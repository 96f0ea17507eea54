/**
 * Calls and messages to a user wherever connected, and orders that all nodes follow.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, contract, log, signal, unchecked } from "#src/realtime/contract/index.js";
import { memory } from "#src/realtime/engines/index.js";
import type { UserAnswers } from "#src/realtime/server/index.js";
import type { RealtimeError } from "#src/realtime/wire/index.js";
import { Cluster } from "./cluster.js";
import { engineWith, ResettingEngine } from "./engines.js";
import { believe, type Frame, type Peer, World } from "./world.js";

const api = contract({
  channels: { "room/{id}": log(), "{any}": signal() },
  clientCalls: { confirm: call({ input: unchecked<string>(), output: unchecked<boolean>() }), notice: call() },
});

function start(count: number): Promise<Cluster> {
  return Cluster.start(count, api, () => ({ authenticate: believe }));
}

/** The call that a client has got. */
function callOf(peer: Peer): Frame {
  const [frame, ...more] = peer.all("call");
  assert.ok(frame !== undefined && more.length === 0, `${String(peer.all("call").length)} calls`);
  return frame;
}

/** What becomes of a promise. */
class Watched<Value> {
  #result: PromiseSettledResult<Value> | undefined;

  constructor(promise: Promise<Value>) {
    promise.then(
      (value) => {
        this.#result = { status: "fulfilled", value };
      },
      (reason: unknown) => {
        this.#result = { status: "rejected", reason };
      },
    );
  }

  get isSettled(): boolean {
    return this.#result !== undefined;
  }

  get value(): Value {
    assert.equal(this.#result?.status, "fulfilled");
    return this.#result.value;
  }

  get error(): RealtimeError {
    assert.equal(this.#result?.status, "rejected");
    return this.#result.reason as RealtimeError;
  }
}

describe("a call to a user", () => {
  it("comes to every session at every node; the first answer counts, and the others are cancelled", async () => {
    const cluster = await start(3);
    const [a, b, c] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0], Cluster["nodes"][0]];
    const peers = [await a.peer({ token: "ann" }), await b.peer({ token: "ann" }), await b.peer({ token: "ann" })];
    const other = await c.peer({ token: "bob" });
    const calling = new Watched(a.world.server.user("ann").call("confirm", "sure?", { timeoutMs: 5000 }));
    await cluster.clock.settle();
    const frames = peers.map(callOf);
    for (const [, , name, input, { timeoutMs }] of frames as [
      string,
      number,
      string,
      string,
      { timeoutMs: number },
    ][]) {
      assert.deepEqual([name, input, timeoutMs], ["confirm", "sure?", 5000]);
    }
    assert.deepEqual(other.all("call"), []);
    // An error of one is not yet the answer.
    peers[0]?.say(["err", frames[0]?.[1], { code: "not-found", message: "no handler", retryable: false }]);
    await cluster.clock.settle();
    assert.equal(calling.isSettled, false);
    peers[2]?.say(["ok", frames[2]?.[1], true]);
    await cluster.clock.settle();
    assert.deepEqual(calling.value, true);
    assert.deepEqual(peers[1]?.all("cancel"), [["cancel", frames[1]?.[1]]]);
    assert.deepEqual(peers[2]?.all("cancel"), []);
    await cluster.close();
  });

  it("rejects with what they answered, where none answers without an error, and with not-connected where none is", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    await assert.rejects(a.world.server.user("ann").call("confirm"), { name: "RealtimeError", code: "not-connected" });
    const peers = [await b.peer({ token: "ann" }), await b.peer({ token: "ann" })];
    const calling = new Watched(a.world.server.user("ann").call("confirm"));
    await cluster.clock.settle();
    const errors = [
      { code: "not-found", message: "no handler", retryable: false },
      { code: "busy", message: "not now", retryable: false, data: { until: 5 } },
    ];
    for (const [place, peer] of peers.entries()) peer.say(["err", callOf(peer)[1], errors[place]]);
    await cluster.clock.settle();
    const { code, data } = calling.error;
    assert.deepEqual([code, data], ["busy", { until: 5 }]);
    await cluster.close();
  });

  it("is given up after its time, or by its signal, at all nodes", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const peer = await b.peer({ token: "ann" });
    const late = new Watched(a.world.server.user("ann").call("confirm", undefined, { timeoutMs: 1000 }));
    await cluster.clock.advance(1001);
    assert.equal(late.error.code, "timeout");
    assert.equal(peer.take("cancel").length, 1);
    const abort = new AbortController();
    const calling = new Watched(a.world.server.user("ann").call("confirm", 1, { signal: abort.signal }));
    await cluster.clock.settle();
    abort.abort();
    await cluster.clock.settle();
    assert.equal(calling.error.code, "cancelled");
    assert.equal(peer.take("cancel").length, 1);
    const aborted = a.world.server.user("ann").call("confirm", 1, { signal: abort.signal });
    await assert.rejects(aborted, { code: "cancelled" });
    await cluster.clock.settle();
    assert.deepEqual(peer.take("call"), []);
    const unsendable = a.world.server.user("ann").callAll("confirm", () => 1);
    await assert.rejects(unsendable, { code: "invalid-value" });
    await assert.rejects(a.world.server.user("ann").call("confirm", 1, { timeoutMs: Number.NaN }), RangeError);
    const patient = new Watched(a.world.server.user("ann").call("confirm", 1, { timeoutMs: Infinity }));
    await cluster.clock.settle();
    peer.say(["ok", peer.take("call")[0]?.[1], true]);
    await cluster.clock.settle();
    assert.equal(patient.value, true);
    await cluster.close();
  });

  it("waits for no node that has been closed, though its users may come back elsewhere", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const peer = await b.peer({ token: "ann" });
    await peer.done("sub", "room/1", { presence: true });
    await b.world.server.close();
    await cluster.clock.settle();
    assert.equal((await a.world.server.presence("room/1")).count, 1);
    const calling = new Watched(a.world.server.user("ann").call("confirm"));
    await cluster.clock.settle();
    assert.equal(calling.error.code, "not-connected");
    await cluster.close();
  });

  it("ends with the server that makes it, however long it would wait", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const peer = await b.peer({ token: "ann" });
    const calling = new Watched(a.world.server.user("ann").call("confirm", 1, { timeoutMs: Infinity }));
    await cluster.clock.settle();
    await a.world.server.close();
    await cluster.clock.settle();
    assert.equal(calling.error.code, "unavailable");
    assert.equal(peer.take("cancel").length, 1);
    await cluster.close();
  });

  it("has one answer of each session, also where its node was believed dead before it answered", async () => {
    const cluster = await start(3);
    const [a, b, c] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0], Cluster["nodes"][0]];
    const peers = [await a.peer({ token: "ann" }), await b.peer({ token: "ann" }), await c.peer({ token: "ann" })];
    const call = (): Watched<UserAnswers> => new Watched(a.world.server.user("ann").callAll("confirm"));
    const answer = async (): Promise<void> => {
      for (const peer of peers) peer.say(["ok", peer.take("call")[0]?.[1], true]);
      await cluster.clock.settle();
    };
    const believeDead = async ({ world }: Cluster["nodes"][0]): Promise<void> => {
      await cluster.engine.presence.dropNode(world.services.presences.node);
      await cluster.clock.settle();
    };
    const calling = call();
    await cluster.clock.settle();
    await believeDead(b);
    assert.equal(calling.isSettled, false);
    await answer();
    assert.deepEqual(
      calling.value.answers.map(({ ok }) => ok),
      [true, true, true],
    );
    await cluster.clock.advance(10_000);
    // The one that asks: what runs for it elsewhere ends, and it does not wait for that.
    const alone = call();
    await cluster.clock.settle();
    await believeDead(a);
    assert.equal(alone.isSettled, false);
    await answer();
    assert.deepEqual(alone.value.answers.map((one) => (one.ok ? one.value : one.error.code)).sort(), [
      "cancelled",
      "cancelled",
      true,
    ]);
    await cluster.close();
  });

  it("is for somebody: sessions without a user are not one", async () => {
    const cluster = await Cluster.start(1, api);
    const [node] = cluster.nodes as [Cluster["nodes"][0]];
    const peer = await node.peer();
    for (const nobody of [null, undefined]) {
      assert.throws(() => node.world.server.user(nobody as unknown as string), TypeError);
    }
    assert.deepEqual(peer.all("call"), []);
    await cluster.close();
  });

  it("is told to others only as often as it has to be", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const heard: unknown[] = [];
    await cluster.engine.signals.listen("\u0000all/1", ({ value }) => heard.push((value as readonly unknown[])[0]));
    const peer = await b.peer({ token: "ann" });
    const calling = new Watched(a.world.server.user("ann").call("confirm"));
    await cluster.clock.settle();
    peer.say(["ok", callOf(peer)[1], true]);
    await cluster.clock.settle();
    assert.equal(calling.value, true);
    assert.deepEqual(heard, ["call"]);
    await cluster.close();
  });

  it("for each answer has what came where a node dies, and says which did not", async () => {
    const cluster = await start(3);
    const [a, b, c] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0], Cluster["nodes"][0]];
    const peers = [await b.peer({ token: "ann" }), await c.peer({ token: "ann" })];
    const calling = new Watched(a.world.server.user("ann").callAll("confirm", "?"));
    await cluster.clock.settle();
    peers[0]?.say(["ok", callOf(peers[0])[1], true]);
    c.kill();
    await cluster.clock.settle();
    assert.equal(calling.isSettled, false);
    // Long before its time is up: when the node is known to be dead.
    await cluster.clock.advance(10_000);
    const { answers, silentNodes } = calling.value;
    assert.deepEqual(
      answers.map((answer) => (answer.ok ? answer.value : answer.error.code)),
      [true, "connection-lost"],
    );
    assert.deepEqual(silentNodes, []);
    await cluster.close();
  });

  it("does not wait for nodes out of reach beyond its time, and does not take them for nobody", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    await b.peer({ token: "ann" });
    b.cut();
    const sent = new Watched(a.world.server.user("ann").send("notice", 1, { timeoutMs: 1000 }));
    const called = new Watched(a.world.server.user("ann").call("notice", 1, { timeoutMs: 1000 }));
    await cluster.clock.advance(1001);
    assert.deepEqual(sent.value, { received: 0, sessions: 0, isComplete: false });
    const { code, retryable } = called.error;
    assert.deepEqual([code, retryable], ["unavailable", true]);
    b.mend();
    await cluster.clock.settle();
    await cluster.close();
  });

  it("is made to nobody any more when the node that made it is gone", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const peer = await b.peer({ token: "ann" });
    const calling = new Watched(a.world.server.user("ann").call("confirm"));
    await cluster.clock.settle();
    const [, r] = callOf(peer);
    a.kill();
    await cluster.clock.advance(10_000);
    assert.deepEqual(peer.all("cancel"), [["cancel", r]]);
    await cluster.clock.advance(60_000);
    assert.equal(calling.isSettled, true);
    await cluster.close();
  });
});

describe("a message to a user", () => {
  it("is acknowledged by each session that has handled it", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const nobody = await a.world.server.user("ann").send("notice", "hi");
    assert.deepEqual(nobody, { received: 0, sessions: 0, isComplete: true });
    const peers = [await a.peer({ token: "ann" }), await b.peer({ token: "ann" }), await b.peer({ token: "ann" })];
    const sending = new Watched(a.world.server.user("ann").send("notice", { text: "hi" }));
    await cluster.clock.settle();
    const frames = peers.map(callOf);
    assert.deepEqual(
      frames.map(([, , , input]) => input),
      [{ text: "hi" }, { text: "hi" }, { text: "hi" }],
    );
    peers[0]?.say(["ok", frames[0]?.[1]]);
    peers[1]?.say(["ok", frames[1]?.[1], null]);
    peers[2]?.vanish();
    await cluster.clock.settle();
    assert.deepEqual(sending.value, { received: 2, sessions: 3, isComplete: true });
    await cluster.close();
  });
});

describe("what nodes say to each other", () => {
  it("is heard by a node before the others know of it, and wait for it", async () => {
    const inner = memory();
    const did: string[] = [];
    const engine = engineWith(inner, {
      signals: () => ({
        send: (...given) => inner.signals.send(...given),
        listen: (...given) => {
          did.push("hears");
          return inner.signals.listen(...given);
        },
      }),
      presence: () => ({
        beat: (...given) => inner.presence.beat(...given),
        put: (...given) => {
          did.push("is known");
          return inner.presence.put(...given);
        },
        dropNode: (...given) => inner.presence.dropNode(...given),
        list: (...given) => inner.presence.list(...given),
        watch: (...given) => inner.presence.watch(...given),
      }),
    });
    const world = new World(api, { engine });
    await world.server.ready;
    assert.deepEqual(did, ["hears", "hears", "is known"]);
    await world.close();
  });

  it("is said on no channel of anybody's", async () => {
    const cluster = await start(1);
    const [node] = cluster.nodes as [Cluster["nodes"][0]];
    const peer = await node.peer({ token: "eve" });
    for (const name of ["\u0000all/1", "\u0000nodes", "\u0000"]) {
      assert.equal((await peer.refused("sub", name, {})).code, "not-found");
      assert.equal(
        (await peer.refused("sig", name, ["call", "x", "y", "ann", "confirm", [], 1, null])).code,
        "not-found",
      );
      await assert.rejects(node.world.server.publish(name, 1), { code: "not-found" });
    }
    await cluster.close();
  });
});

describe("revoking a user", () => {
  it("ends their connections at all nodes, and says how many there were", async () => {
    const cluster = await start(3);
    const [a, b, c] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0], Cluster["nodes"][0]];
    const peers = [await a.peer({ token: "ann" }), await b.peer({ token: "ann" }), await b.peer({ token: "ann" })];
    const other = await c.peer({ token: "bob" });
    const revoking = a.world.server.revoke("ann", "enough");
    // Here at once.
    assert.deepEqual(peers[0]?.closed, { code: 4403, reason: "enough" });
    assert.equal(await revoking, 3);
    for (const peer of peers) assert.deepEqual(peer.closed, { code: 4403, reason: "enough" });
    assert.equal(other.closed, undefined);
    await cluster.close();
  });

  it("reaches a node that was cut off when it is back, and is not waited for beyond a time", async () => {
    const cluster = await start(2);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const peer = await b.peer({ token: "ann" });
    b.cut();
    const revoking = new Watched(a.world.server.revoke("ann"));
    await cluster.clock.advance(60_000);
    assert.deepEqual(revoking.value, 0);
    assert.equal(peer.closed, undefined);
    b.mend();
    await cluster.clock.settle();
    assert.deepEqual(peer.closed, { code: 4403, reason: "revoked" });
    await cluster.close();
  });

  it("ends all connections of users where it is lost who was revoked, and they come back as the application decides", async () => {
    for (const reason of ["epoch", "retention"] as const) {
      const engine = new ResettingEngine();
      const decided: (() => void)[] = [];
      const asked: unknown[] = [];
      const world = new World(api, {
        engine: engine.engine,
        authenticate: async ({ token }) => {
          asked.push(token);
          if (token === "slow") await new Promise<void>((resolve) => decided.push(resolve));
          return { user: token === "nobody" ? null : String(token) };
        },
        authorize: { "room/{id}": (user) => user.id !== null || asked.at(-1) === "nobody" },
      });
      const [ann, nobody] = [await world.peer({ token: "ann" }), await world.peer({ token: "nobody" })];
      const slow = await world.open();
      await nobody.done("sub", "room/1", {});
      slow.say(["hello", { token: "slow" }]);
      await world.settle();
      const calling = new Watched(world.server.user("ann").call("confirm"));
      await world.settle();
      engine.cut();
      // Given at another node, and never heard here.
      await engine.engine.logs.append("\u0000orders/1", {
        ...{ value: ["other", "id", "revoke", "ann", "enough"], meta: {} },
        retain: { count: 1, ageMs: 1, bytes: 1000 },
      });
      await world.clock.advance(10);
      if (reason === "epoch") engine.beginAnew();
      await engine.reset(reason);
      await world.settle();
      const why = "it is not known whether this user was revoked";
      assert.deepEqual(ann.closed, { code: 1012, reason: why });
      assert.deepEqual(slow.closed, { code: 1012, reason: why });
      assert.equal(calling.isSettled, true);
      decided[0]?.();
      await world.settle();
      assert.equal(slow.all("welcome").length, 0);
      // What was somebody, who may do it no more, is asked.
      assert.equal(nobody.closed, undefined);
      assert.equal(nobody.all("closed").length, 1);
      await world.peer({ token: "ann" });
      assert.equal(asked.at(-1), "ann");
      await world.close();
    }
  });

  it("of rights: every node asks again", async () => {
    let isAllowed = true;
    const options = { authenticate: believe, authorize: { "room/{id}": () => isAllowed } };
    const cluster = await Cluster.start(2, api, () => options);
    const [a, b] = cluster.nodes as [Cluster["nodes"][0], Cluster["nodes"][0]];
    const peer = await b.peer({ token: "ann" });
    await peer.done("sub", "room/1", {});
    await a.world.server.reauthorize("bob");
    assert.deepEqual(peer.all("closed"), []);
    isAllowed = false;
    await a.world.server.reauthorize("ann");
    await cluster.clock.settle();
    assert.equal(peer.all("closed").length, 1);
    await cluster.close();
  });
});

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { type Engine, EngineError, type EngineErrorCode } from "#src/realtime/engines/index.js";
import { nats } from "#src/realtime/engines/nats/index.js";
import { FakeClock } from "#src/testing/index.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, createHost, everything } from "../world.js";
import { NatsServer, noNats } from "./server.js";
import { NatsNodes } from "./world.js";

function isString(value: unknown): value is string {
  return typeof value === "string";
}

async function assertRefused(result: Promise<unknown>, code: EngineErrorCode): Promise<void> {
  await assert.rejects(result, (error) => error instanceof EngineError && error.code === code);
}

async function valuesOf(engine: Engine, channel: string): Promise<unknown[]> {
  const page = await engine.logs.read(channel, { limit: 100_000 });
  assert.ok(page.status === "ok");
  return page.entries.map(({ value }) => value);
}

describe("two nodes over NATS", { skip: noNats }, () => {
  let server: NatsServer;
  let nodes: NatsNodes;
  let a: Engine;
  let b: Engine;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    nodes = new NatsNodes(server);
    [a, b] = await Promise.all([nodes.start(), nodes.start()]);
  });
  afterEach(() => nodes.dispose());

  it("append to one log at once, and both see one order, chained", async () => {
    const logs = await Promise.all([a, b].map((engine) => FollowedLog.of(engine, "room/1")));
    const mine = Array.from({ length: 100 }, (_, index) => append(a, "room/1", `a${String(index)}`));
    const theirs = Array.from({ length: 100 }, (_, index) => append(b, "room/1", `b${String(index)}`));
    await Promise.all([...mine, ...theirs]);
    await Promise.all(logs.map((log) => log.entries.until(({ length }) => length === 200)));
    for (const log of logs) log.assertChained();
    const [one, other] = logs.map((log) => log.values);
    assert.deepEqual(one, other);
    assert.deepEqual(await valuesOf(b, "room/1"), one);
    for (const name of ["a", "b"]) {
      const own = one?.filter(isString).filter((value) => value.startsWith(name));
      assert.deepEqual(
        own,
        Array.from({ length: 100 }, (_, index) => `${name}${String(index)}`),
      );
    }
  });

  it("append once under one key, whoever comes first", async () => {
    const idempotency = { key: "k", windowMs: 60_000 };
    const all = await Promise.all(
      [a, b, a, b].map((engine) => engine.logs.append("room", { value: 1, meta: {}, retain: everything, idempotency })),
    );
    assert.equal(new Set(all.map(({ position }) => position)).size, 1);
    assert.equal(all.filter(({ isDuplicate }) => !isDuplicate).length, 1);
    assert.deepEqual(await valuesOf(a, "room"), [1]);
  });

  it("know a position of the other's, before its message has come", async () => {
    await FollowedLog.of(b, "room");
    const after = await append(a, "room", 1);
    const page = await b.logs.read("room", { after, limit: 10 });
    assert.ok(page.status === "ok" && page.entries.length === 0);
  });

  it("pass over what the stream has kept twice, whenever they read it", async () => {
    const log = await FollowedLog.of(a, "room/1");
    const first = await append(a, "room/1", "one");
    const [connection] = nodes.connections;
    assert.ok(connection !== undefined);
    const found = await connection.request(`$JS.API.STREAM.MSG.GET.${nodes.prefix}_log`, `{"seq":${first}}`);
    const { message } = found.json<{ message: { subject: string; data: string } }>();
    const kept = await connection.request(message.subject, Buffer.from(message.data, "base64"));
    const twice = String(kept.json<{ seq: number }>().seq);
    const last = await append(b, "room/1", "two");
    await log.has("two");
    assert.deepEqual(log.values, ["one", "two"]);
    log.assertChained();
    for (const engine of [a, b]) {
      assert.deepEqual(await valuesOf(engine, "room/1"), ["one", "two"]);
      assert.equal((await engine.logs.bounds("room/1")).end, last);
      for (const after of [first, twice]) {
        const page = await engine.logs.read("room/1", { after, limit: 10 });
        assert.ok(page.status === "ok");
        assert.deepEqual(
          page.entries.map(({ value, previous }) => [value, previous]),
          [["two", first]],
        );
      }
    }
  });

  it("converge on the same state, and of two that compare one wins", async () => {
    const state = await FollowedState.of(b, "book");
    const revision = await a.states.set("book", "x", 1, null);
    const both = await Promise.allSettled([
      a.states.set("book", "x", "a", revision),
      b.states.set("book", "x", "b", revision),
    ]);
    assert.equal(both.filter(({ status }) => status === "fulfilled").length, 1);
    await a.states.set("book", "y.>*", { deep: [1] }, null);
    await a.states.set("book", "", "empty", null);
    await a.states.delete("book", "y.>*", undefined);
    await a.states.set("book", "end", true, undefined);
    await state.changes.until((changes) => changes.at(-1)?.key === "end");
    const { entries } = await a.states.snapshot("book", { limit: 100 });
    assert.deepEqual(
      new Map([...state.values].sort()),
      new Map(entries.map(({ key, value }) => [key, value] as const).sort()),
    );
  });

  it("refuse a signal that no message of the server can carry", async () => {
    await assertRefused(a.signals.send("room/1", { value: "x".repeat(1_100_000), user: undefined }), "full");
  });

  it("hear each other's signals", async () => {
    const heard = new Recorder<unknown>();
    await b.signals.listen("cursor", (signal) => heard.add(signal));
    await a.signals.send("cursor", { value: { x: 1 }, user: "ann" });
    await heard.until(({ length }) => length === 1);
    assert.deepEqual(heard.items, [{ value: { x: 1 }, user: "ann" }]);
  });

  it("go on with each other's media, in frames of any size", async () => {
    const large = new Uint8Array(2_500_000).map((_, index) => index % 251);
    const frames = new Recorder<unknown>();
    await b.media.tail("video", ({ group, index, data }) => frames.add([group, index, data.byteLength]));
    await a.media.append("video", { data: large, isKey: true }, 10_000_000);
    assert.deepEqual(await b.media.append("video", { data: Uint8Array.of(1), isKey: false }, 10_000_000), {
      group: 1,
      index: 1,
    });
    assert.deepEqual(await a.media.append("video", { data: Uint8Array.of(2), isKey: false }, 10_000_000), {
      group: 1,
      index: 2,
    });
    await frames.until(({ length }) => length === 3);
    assert.deepEqual(frames.items, [
      [1, 0, large.byteLength],
      [1, 1, 1],
      [1, 2, 1],
    ]);
    const { newest } = await b.media.tail("video", () => undefined);
    assert.deepEqual(newest[0]?.data, large);
    assert.equal(newest.length, 3);
    assert.deepEqual(await b.media.append("video", { data: Uint8Array.of(3), isKey: true }, 10), {
      group: 2,
      index: 0,
    });
  });

  it("are over with a group that would be too long, on whichever node, until a key frame", async () => {
    const small = (engine: Engine, isKey: boolean, bytesMax: number) =>
      engine.media.append("video", { data: Uint8Array.of(1), isKey }, bytesMax);
    await small(a, true, 2);
    await small(b, false, 2);
    // The node that had not appended last counts what the other did.
    await assertRefused(small(a, false, 2), "too-large");
    await assertRefused(small(b, false, 1000), "too-large");
    await assertRefused(small(b, true, 0), "too-large");
    await assertRefused(small(a, false, 1000), "too-large");
    const { newest } = await b.media.tail("video", () => undefined);
    assert.deepEqual(
      newest.map(({ group, index }) => [group, index]),
      [
        [1, 0],
        [1, 1],
      ],
    );
    assert.deepEqual(await small(b, true, 2), { group: 2, index: 0 });
    assert.deepEqual(await small(a, false, 2), { group: 2, index: 1 });
  });

  it("let the one go on that began a group of media last", async () => {
    const begin = (engine: Engine) => engine.media.append("video", { data: Uint8Array.of(1), isKey: true }, 1000);
    const goOn = (engine: Engine, group: number) =>
      engine.media.append("video", { data: Uint8Array.of(2), isKey: false, group }, 1000);
    const { group: first } = await begin(a);
    await goOn(a, first);
    const { group: second } = await begin(b);
    await assertRefused(goOn(a, first), "conflict");
    assert.deepEqual(await goOn(b, second), { group: second, index: 1 });
    const { group: third } = await begin(a);
    await assertRefused(goOn(b, second), "conflict");
    assert.deepEqual(await goOn(a, third), { group: third, index: 1 });
  });

  it("begin groups at once after a third node's, and one goes on", async () => {
    const third = await nodes.start();
    const channels = Array.from({ length: 20 }, (_, index) => `video/${String(index)}`);
    const append = (engine: Engine, channel: string, isKey: boolean, group?: number) =>
      engine.media.append(channel, { data: Uint8Array.of(1), isKey, group }, 1000);
    await Promise.all(channels.map((channel) => append(third, channel, true)));
    const begun = await Promise.all(
      channels.map((channel) => Promise.all([a, b].map((engine) => append(engine, channel, true)))),
    );
    await nodes.settle();
    for (const [index, channel] of channels.entries()) {
      const goneOn = await Promise.allSettled(
        [a, b].map((engine, place) => append(engine, channel, false, begun[index]?.[place]?.group)),
      );
      assert.deepEqual(goneOn.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    }
  });

  it("let one go on of two that began media at once", async () => {
    for (let channel = 0; channel < 10; channel++) {
      const media = `video/${String(channel)}`;
      const frame = { data: Uint8Array.of(1) };
      const begun = await Promise.all(
        [a, b].map((engine) => engine.media.append(media, { ...frame, isKey: true }, 10)),
      );
      await nodes.settle();
      const goneOn = await Promise.allSettled(
        [a, b].map((engine, index) =>
          engine.media.append(media, { ...frame, isKey: false, group: begun[index]?.group }, 10),
        ),
      );
      const refused = goneOn.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
      assert.deepEqual(
        refused.map((error) => error instanceof EngineError && error.code),
        ["conflict"],
      );
    }
  });

  it("run a call once, and both get what it came to", async () => {
    const key = { key: "order", windowMs: 60_000 };
    const mine = await a.calls.claim(key, 10_000);
    const theirs = await b.calls.claim(key, 10_000);
    assert.ok(mine.status === "claimed" && theirs.status === "running");
    assert.equal(await mine.renew(), true);
    await mine.complete({ ok: true, value: 7 });
    assert.deepEqual(await theirs.outcome, { ok: true, value: 7 });
    const failed = await b.calls.claim({ key: "other", windowMs: 60_000 }, 10_000);
    const waiting = await a.calls.claim({ key: "other", windowMs: 60_000 }, 10_000);
    assert.ok(failed.status === "claimed" && waiting.status === "running");
    await failed.release();
    assert.equal(await waiting.outcome, undefined);
  });

  it("see each other's users", async () => {
    const events = new Recorder<unknown>();
    await Promise.all([a.presence.beat("na", 60_000), b.presence.beat("nb", 60_000)]);
    await b.presence.watch("room", {
      came: ({ user, connections }, count) => events.add([user, connections, count]),
      left: (user, count) => events.add([user, 0, count]),
    });
    await a.presence.put("na", "room", { user: "ann", state: "x", connections: 1 });
    await events.until(({ length }) => length === 1);
    await b.presence.put("nb", "room", { user: "ann", state: "y", connections: 2 });
    await a.presence.dropNode("na");
    await events.until(({ length }) => length === 3);
    assert.deepEqual(events.items, [
      ["ann", 1, 1],
      ["ann", 3, 1],
      ["ann", 2, 1],
    ]);
    assert.deepEqual(await a.presence.list("room", 10), {
      count: 1,
      users: [{ user: "ann", state: "y", connections: 2 }],
    });
  });

  it("trim what no log retains, and still know what was lost and what was not", async () => {
    const retain = { ...everything, count: 10 };
    const positions: string[] = [];
    for (let index = 0; index < 200; index++) positions.push(await append(a, "room", index, { retain }));
    const connection = nodes.connections[0];
    const stream = `${nodes.prefix}_log`;
    const info = await connection?.request(`$JS.API.STREAM.INFO.${stream}`);
    const kept = info?.json<{ state: { messages: number } }>().state.messages ?? Number.NaN;
    assert.ok(kept >= 11 && kept < 100, `${String(kept)} are kept`);
    assert.equal((await valuesOf(b, "room")).length, 10);
    const last = positions.at(-11) ?? "";
    const all = await b.logs.read("room", { after: last, limit: 100 });
    assert.ok(all.status === "ok" && all.entries.length === 10);
    for (const after of ["0", positions[0] ?? "", positions.at(-12) ?? ""]) {
      const hole = await b.logs.read("room", { after, limit: 100 });
      assert.ok(hole.status === "hole" && hole.reason === "retention", after);
      assert.equal(hole.bounds.start, last);
    }
    // A longer retention does not bring back what is gone, and does not hide that it is.
    await append(a, "room", "more", { retain: everything });
    const hole = await b.logs.read("room", { after: "0", limit: 1000 });
    assert.ok(hole.status === "hole" && hole.reason === "retention");
  });
});

describe("the nodes of presence", { skip: noNats }, () => {
  it("are forgotten with their users when they are not heard of, and tell all again when they are back", async (t) => {
    const server = await NatsServer.start();
    t.after(() => server.dispose());
    const nodes = new NatsNodes(server);
    t.after(() => nodes.dispose());
    const clocks = [new FakeClock(), new FakeClock()] as const;
    const [a, b] = await Promise.all([nodes.start({}, createHost(clocks[0])), nodes.start({}, createHost(clocks[1]))]);
    const events = new Recorder<unknown>();
    assert.equal(await a.presence.beat("na", 5000), false);
    assert.equal(await a.presence.beat("na", 5000), true);
    await b.presence.watch("room", {
      came: ({ user }) => events.add(`+${user}`),
      left: (user) => events.add(`-${user}`),
    });
    await a.presence.put("na", "room", { user: "ann", state: null, connections: 1 });
    await a.presence.put("na", "room", { user: "bob", state: null, connections: 1 });
    await events.until(({ length }) => length === 2);
    // For the other one, time passes without a beat.
    await clocks[1].advance(6000);
    await events.until(({ length }) => length === 4);
    assert.deepEqual(events.items, ["+ann", "+bob", "-ann", "-bob"]);
    assert.equal((await b.presence.list("room", 10)).count, 0);
    assert.equal(await a.presence.beat("na", 5000), false);
    await a.presence.put("na", "room", { user: "ann", state: null, connections: 1 });
    await events.until(({ length }) => length === 5);
    assert.equal(events.items.at(-1), "+ann");
    assert.equal(await a.presence.beat("na", 5000), true);
  });
});

describe("what the NATS engine refuses at its start", { skip: noNats }, () => {
  it("is a server without JetStream, and one that is not there", async (t) => {
    const server = await NatsServer.start("");
    t.after(() => server.dispose());
    const nodes = new NatsNodes(server);
    t.after(() => nodes.dispose());
    await assert.rejects(nodes.start(), { name: "EngineError", code: "unavailable", message: /JetStream/u });
    await server.kill();
    await assert.rejects(nodes.start(), { name: "EngineError", code: "unavailable", message: /cannot be reached/u });
  });

  it("is a stream of the same name that is none of ours", async (t) => {
    const server = await NatsServer.start();
    t.after(() => server.dispose());
    const nodes = new NatsNodes(server);
    t.after(() => nodes.dispose());
    await nodes.start();
    const stream = `${nodes.prefix}_log`;
    await nodes.connections[0]?.request(`$JS.API.STREAM.DELETE.${stream}`);
    const config = JSON.stringify({ name: stream, subjects: ["another"], storage: "memory" });
    await nodes.connections[0]?.request(`$JS.API.STREAM.CREATE.${stream}`, config);
    await assert.rejects(nodes.start(), { code: "unavailable", message: new RegExp(`"${stream}" is there with`, "u") });
  });
});

describe("the options of the NATS engine", () => {
  it("are checked when it is made", () => {
    for (const options of [{ prefix: "a.b" }, { replicas: 6 }, { replicas: 0 }, { timeoutMs: 0.5 }]) {
      assert.throws(() => nats(options), RangeError);
    }
  });

  it("leave it unusable until it has been started", () => {
    const engine = nats();
    assert.equal(engine.health().isAvailable, false);
    assert.throws(() => engine.logs, { code: "unavailable" });
  });
});

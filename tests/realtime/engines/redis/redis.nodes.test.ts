import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Redis } from "ioredis";
import { type Engine, EngineError, type EngineErrorCode, type MediaFrame } from "#src/realtime/engines/index.js";
import { type RedisEngineOptions, redis } from "#src/realtime/engines/redis/index.js";
import { FakeClock } from "#src/testing/index.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, createHost, everything, realHost } from "../world.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

async function assertRefused(result: Promise<unknown>, code: EngineErrorCode): Promise<void> {
  await assert.rejects(result, (error) => error instanceof EngineError && error.code === code);
}

async function valuesOf(engine: Engine, channel: string): Promise<unknown[]> {
  const page = await engine.logs.read(channel, { limit: 100_000 });
  assert.ok(page.status === "ok");
  return page.entries.map(({ value }) => value);
}

describe("two nodes over Redis", { skip: noRedis, timeout: 90_000 }, () => {
  let server: RedisServer;
  let nodes: RedisNodes;
  let a: Engine;
  let b: Engine;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    nodes = new RedisNodes({ url: server.url });
    [a, b] = await Promise.all([nodes.start(), nodes.start()]);
  });
  afterEach(() => nodes.dispose());

  it("append to one log at once, and both see one order, chained", async () => {
    const logs = await Promise.all([a, b].map((engine) => FollowedLog.of(engine, "room/1")));
    const of = (engine: Engine, name: string) =>
      Array.from({ length: 100 }, (_, index) => append(engine, "room/1", `${name}${String(index)}`));
    await Promise.all([...of(a, "a"), ...of(b, "b")]);
    await Promise.all(logs.map((log) => log.entries.until(({ length }) => length === 200)));
    for (const log of logs) log.assertChained();
    const [one, other] = logs.map((log) => log.values.map(String));
    assert.deepEqual(one, other);
    assert.deepEqual(await valuesOf(b, "room/1"), one);
    for (const name of ["a", "b"]) {
      assert.deepEqual(
        one?.filter((value) => value.startsWith(name)),
        Array.from({ length: 100 }, (_, index) => `${name}${String(index)}`),
      );
    }
  });

  it("read what a node wrote that says nothing of who publishes media", async (t) => {
    const writer = new Redis(server.url);
    t.after(() => writer.disconnect());
    const key = `${nodes.prefix}:{m:cam}`;
    const heard = new Recorder<MediaFrame>();
    const { stop } = await a.media.tail("cam", (frame) => heard.add(frame));
    await a.media.append("cam", { data: Uint8Array.of(1), isKey: true }, 1000);
    await heard.until(({ length }) => length === 1);
    const epoch = String(await writer.hget(key, "e"));
    const withTime = Buffer.of(...Buffer.from("1234.5\t"), 7);
    const without = Buffer.of(...Buffer.from("\t"), 8);
    await writer.hset(key, { g: 2, i: 2 });
    await writer.del(`${key}:f`);
    await writer.rpush(`${key}:f`, withTime, without);
    for (const [place, octets] of [
      ["1-0 2-0", withTime],
      ["2-0 2-1", without],
    ] as const) {
      await writer.spublish(key, Buffer.concat([Buffer.from(`${epoch} ${place}\t`), octets]));
    }
    await heard.until(({ length }) => length === 3);
    const { newest, stop: stopLate } = await b.media.tail("cam", () => undefined);
    for (const frames of [heard.items.slice(1), newest]) {
      assert.deepEqual(
        frames.map(({ data, timeMs, from }) => [data[0], timeMs, from]),
        [
          [7, 1234.5, undefined],
          [8, undefined, undefined],
        ],
      );
    }
    for (const each of [stop, stopLate]) each();
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

  it("converge on the same state, and of two that compare one wins", async () => {
    const [mine, theirs] = [await FollowedState.of(a, "book"), await FollowedState.of(b, "book")];
    const first = await a.states.set("book", "x", 0, null);
    const both = await Promise.allSettled([
      a.states.set("book", "x", "a", first),
      b.states.set("book", "x", "b", first),
    ]);
    assert.equal(both.filter(({ status }) => status === "fulfilled").length, 1);
    await assertRefused(b.states.set("book", "x", 1, first), "conflict");
    await a.states.set("book", "end", true, null);
    for (const { changes } of [mine, theirs]) await changes.until((all) => all.at(-1)?.key === "end");
    assert.deepEqual(mine.values, theirs.values);
  });

  it("give out a group of media to whoever comes later, and the one that began last goes on", async () => {
    const frame = (octet: number, isKey: boolean, group?: number) => ({ data: Uint8Array.of(octet), isKey, group });
    await a.media.append("film", frame(1, true), 1000);
    const { newest } = await b.media.tail("film", () => undefined);
    assert.deepEqual(newest, [{ group: 1, index: 0, data: Uint8Array.of(1), timeMs: undefined }]);
    const { group } = await b.media.append("film", frame(2, true), 1000);
    assert.equal(group, 2);
    await assertRefused(a.media.append("film", frame(3, false, 1), 1000), "conflict");
    assert.deepEqual(await b.media.append("film", frame(3, false, 2), 1000), { group: 2, index: 1 });
  });

  it("count a user once, and forget a node that is killed as a whole, with the newest state of who is left", async () => {
    const events = new Recorder<string>();
    await a.presence.beat("na", 60_000);
    await b.presence.beat("nb", 400);
    await a.presence.watch("room", {
      came: ({ user, connections, state }, count) =>
        events.add(`+${user} ${String(connections)} ${String(state)} of ${String(count)}`),
      left: (user, count) => events.add(`-${user} of ${String(count)}`),
    });
    await a.presence.put("na", "room", { user: "ann", state: "old", connections: 1 });
    await b.presence.put("nb", "room", { user: "ann", state: "new", connections: 2 });
    await b.presence.put("nb", "room", { user: "bob", state: null, connections: 1 });
    await b.close();
    await events.until(({ length }) => length === 5);
    assert.deepEqual(events.items.slice(0, 3), ["+ann 1 old of 1", "+ann 3 new of 1", "+bob 1 null of 2"]);
    assert.equal((await a.presence.list("room", 10)).count, 1);
    assert.deepEqual((await a.presence.list("room", 10)).users, [{ user: "ann", state: "old", connections: 1 }]);
    assert.equal(await a.presence.beat("na", 60_000), true);
  });

  it("forget a node of more users than one script forgets", async () => {
    await a.presence.beat("n", 60_000);
    const users = Array.from({ length: 5200 }, (_, index) => `u${String(index)}`);
    await Promise.all(users.map((user) => a.presence.put("n", "hall", { user, state: null, connections: 1 })));
    assert.equal((await b.presence.list("hall", 3)).users.length, 3);
    assert.equal((await b.presence.list("hall", 10_000)).users.length, 5200);
    await b.presence.dropNode("n");
    assert.deepEqual(await a.presence.list("hall", 10), { count: 0, users: [] });
    assert.equal(await a.presence.beat("n", 60_000), false);
  });

  it("go by the server's clock, however far apart their own are", async () => {
    const clock = new FakeClock();
    const late = await nodes.start({}, { ...realHost(), now: () => clock.now() + 5e9, unixMs: () => 1e12 });
    const retain = { ...everything, ageMs: 60_000 };
    await append(late, "room", 1, { retain });
    await append(a, "room", 2, { retain });
    assert.deepEqual(await valuesOf(late, "room"), [1, 2]);
    assert.deepEqual(await valuesOf(a, "room"), [1, 2]);
    assert.equal((await late.calls.claim({ key: "k", windowMs: 1000 }, 60_000)).status, "claimed");
    assert.equal((await a.calls.claim({ key: "k", windowMs: 1000 }, 60_000)).status, "running");
  });

  it("keep apart what a name and a key of another name could be mistaken for", async () => {
    await append(a, "a", 1, { idempotency: { key: "b}:m", windowMs: 1000 } });
    await append(a, "a}:k:b", 2);
    await append(a, "100%", 3);
    assert.deepEqual(await valuesOf(b, "a}:k:b"), [2]);
    assert.deepEqual(await valuesOf(b, "100%"), [3]);
  });

  it("leave nothing behind for ever but states that have keys", async () => {
    const client = new Redis(server.url);
    await append(a, "room", 1, { idempotency: { key: "k", windowMs: 1000 } });
    await a.logs.bounds("empty");
    await a.states.set("gone", "x", 1, null);
    await a.states.delete("gone", "x", undefined);
    await a.media.append("film", { data: Uint8Array.of(1), isKey: true }, 10);
    await a.calls.claim({ key: "k", windowMs: 1000 }, 1000);
    await a.states.set("kept", "x", 1, null);
    const keys = await client.keys(`${nodes.prefix}:*`);
    const forever = [];
    for (const key of keys) if ((await client.ttl(key)) === -1) forever.push(key);
    client.disconnect();
    assert.ok(keys.length > 8);
    assert.deepEqual(
      forever.sort(),
      ["", ":c", ":o", ":v"].map((end) => `${nodes.prefix}:{s:kept}${end}`),
    );
  });
});

describe("a Redis engine", { skip: noRedis, timeout: 90_000 }, () => {
  it("is started once, and refuses before and after", async (t) => {
    const server = await RedisServer.start();
    t.after(() => server.dispose());
    const options: RedisEngineOptions = { url: server.url };
    const engine = redis(options);
    assert.throws(() => engine.logs, EngineError);
    assert.equal(engine.health().isAvailable, false);
    await engine.start(createHost());
    await assertRefused(engine.start(createHost()), "unavailable");
    assert.equal(engine.health().isAvailable, true);
    await engine.close();
    await engine.close();
    await assertRefused(engine.presence.beat("n", 1000), "closed");
    assert.equal(engine.health().reason, "the engine has been closed");
  });

  it("refuses more requests at once than it was told", async (t) => {
    const server = await RedisServer.start();
    t.after(() => server.dispose());
    const nodes = new RedisNodes({ url: server.url, maxPending: 10, maxPendingBytes: 2000 });
    t.after(() => nodes.dispose());
    const engine = await nodes.start();
    const all = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => append(engine, "room", index)));
    assert.equal(all.filter(({ status }) => status === "rejected").length, 10);
    assert.equal((await valuesOf(engine, "room")).length, 10);
    const long = await Promise.allSettled(Array.from({ length: 4 }, () => append(engine, "hall", "x".repeat(1500))));
    assert.equal(long.filter(({ status }) => status === "rejected").length, 3);
    assert.equal((await valuesOf(engine, "hall")).length, 1);
  });
});

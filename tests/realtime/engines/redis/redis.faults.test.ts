import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { type Engine, EngineError, type EngineErrorCode } from "#src/realtime/engines/index.js";
import { type RedisEngineOptions, redis } from "#src/realtime/engines/redis/index.js";
import { TcpProxy } from "../proxy.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, everything, realHost } from "../world.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

async function startServer(t: TestContext, ...args: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...args);
  t.after(() => server.dispose());
  return server;
}

function startNodes(t: TestContext, server: RedisServer, options?: RedisEngineOptions): RedisNodes {
  const nodes = new RedisNodes({ url: server.url, ...options });
  t.after(() => nodes.dispose());
  return nodes;
}

/** Somebody who looks at the server, or does something to it, by themselves. */
function startClient(t: TestContext, server: RedisServer): Redis {
  const client = new Redis(server.url);
  t.after(() => client.disconnect());
  return client;
}

async function assertRefused(result: Promise<unknown>, code: EngineErrorCode, text: RegExp = /./u): Promise<void> {
  await assert.rejects(
    result,
    (error) => error instanceof EngineError && error.code === code && text.test(error.message),
  );
}

function keyed(value: unknown) {
  return { idempotency: { key: String(value), windowMs: 60_000 } };
}

/** A log's appending is tried until the server is back, under one key. */
async function appendAgain(engine: Engine, channel: string, value: unknown): Promise<string> {
  for (;;) {
    try {
      return await append(engine, channel, value, keyed(value));
    } catch (error) {
      assert.equal((error as { code?: string }).code, "unavailable");
    }
  }
}

async function valuesOf(engine: Engine, channel: string): Promise<unknown[]> {
  const page = await engine.logs.read(channel, { limit: 100_000 });
  assert.ok(page.status === "ok");
  return page.entries.map(({ value }) => value);
}

describe("a node whose connection to Redis is cut", { skip: noRedis, timeout: 90_000 }, () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let nodes: RedisNodes;
  let near: Engine;
  let far: Engine;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.port);
    nodes = new RedisNodes({ url: server.url });
    near = await nodes.start();
    far = await nodes.start({ url: proxy.url("redis") });
  });
  afterEach(async () => {
    await nodes.dispose();
    await proxy.dispose();
  });

  it("gets what it missed of a log when it is back, chained, without another gap", async () => {
    const log = await FollowedLog.of(far, "room");
    const empty = await FollowedLog.of(far, "quiet");
    await append(near, "room", "before");
    await log.has("before");
    proxy.cut();
    for (let index = 0; index < 50; index++) await append(near, "room", index);
    await append(near, "quiet", "first");
    assert.equal(log.values.length, 1);
    proxy.mend();
    await Promise.all([log.has(49), empty.has("first")]);
    await append(near, "room", "after");
    await log.has("after");
    for (const followed of [log, empty]) {
      followed.assertChained();
      assert.deepEqual(followed.resets.items, []);
    }
    assert.equal(log.values.length, 52);
  });

  it("is told that a log goes on elsewhere where it missed what is not retained", async () => {
    const retain = { ...everything, count: 3 };
    const log = await FollowedLog.of(far, "room");
    await append(near, "room", "before", { retain });
    await log.has("before");
    proxy.cut();
    let last = "";
    for (let index = 0; index < 20; index++) last = await append(near, "room", index, { retain });
    proxy.mend();
    await log.resets.until(({ length }) => length === 1);
    const [reason, { end }] = log.resets.items[0] ?? ["", { end: "" }];
    assert.equal(reason, "retention");
    assert.equal(end, last);
    await append(near, "room", "after", { retain });
    await log.has("after");
    assert.equal(log.entries.items.at(-1)?.previous, last);
  });

  it("converges on the newest state, deletions and all", async () => {
    await near.states.set("book", "gone", 1, null);
    const state = await FollowedState.of(far, "book");
    await near.states.set("book", "x", 0, null);
    await state.changes.until((changes) => changes.some(({ key }) => key === "x"));
    proxy.cut();
    for (let index = 1; index <= 20; index++) await near.states.set("book", "x", index, undefined);
    await near.states.delete("book", "gone", undefined);
    await near.states.set("book", "end", true, null);
    proxy.mend();
    await state.changes.until((changes) => changes.at(-1)?.key === "end");
    assert.deepEqual(state.resets.items, []);
    assert.deepEqual(
      new Map([...state.values].sort()),
      new Map<string, unknown>([
        ["end", true],
        ["x", 20],
      ]),
    );
    assert.ok(state.changes.items.some(({ key, entry }) => key === "gone" && entry === undefined));
  });

  it("sees who came and left meanwhile, and the newest group of media", async () => {
    const events = new Recorder<string>();
    await near.presence.beat("n", 60_000);
    await near.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    await far.presence.watch("room", {
      came: ({ user }, count) => events.add(`+${user} ${String(count)}`),
      left: (user, count) => events.add(`-${user} ${String(count)}`),
    });
    const frames = new Recorder<string>();
    const { newest } = await far.media.tail("film", ({ group, index }) =>
      frames.add(`${String(group)}.${String(index)}`),
    );
    assert.deepEqual(newest, []);
    proxy.cut();
    await near.presence.put("n", "room", { user: "ann", state: null, connections: 0 });
    await near.presence.put("n", "room", { user: "bob", state: null, connections: 1 });
    for (const isKey of [true, false, true, false]) {
      await near.media.append("film", { data: Uint8Array.of(1), isKey }, 1000);
    }
    proxy.mend();
    await events.until(({ length }) => length === 2);
    assert.deepEqual(events.items, ["-ann 0", "+bob 1"]);
    assert.equal((await far.presence.list("room", 10)).count, 1);
    await frames.until(({ length }) => length === 2);
    await near.media.append("film", { data: Uint8Array.of(1), isKey: false }, 1000);
    await frames.until(({ length }) => length === 3);
    assert.deepEqual(frames.items, ["2.0", "2.1", "2.2"]);
  });

  it("waits for what comes of a call that it did not hear of", async () => {
    const key = { key: "order", windowMs: 60_000 };
    const mine = await near.calls.claim(key, 5000);
    const theirs = await far.calls.claim(key, 5000);
    assert.ok(mine.status === "claimed" && theirs.status === "running");
    proxy.cut();
    await mine.complete({ ok: true, value: 1 });
    proxy.mend();
    assert.deepEqual(await theirs.outcome, { ok: true, value: 1 });
  });

  it("sends again what has a key, and says of the rest that nobody knows", async () => {
    proxy.stop();
    const withKey = append(far, "room", "once", keyed("once"));
    const without = append(far, "room", "perhaps");
    const set = far.states.set("book", "x", 1, undefined);
    proxy.cut();
    await Promise.all([assertRefused(without, "unavailable"), assertRefused(set, "unavailable")]);
    assert.equal(far.health().isAvailable, false);
    proxy.resume();
    proxy.mend();
    const position = await withKey;
    assert.equal(await append(near, "room", "once", keyed("once")), position);
    assert.equal((await valuesOf(near, "room")).filter((value) => value === "once").length, 1);
    assert.equal(far.health().isAvailable, true);
  });
});

describe("a Redis server that is killed and started again", { skip: noRedis, timeout: 90_000 }, () => {
  it("has all that it acknowledged where it has an append-only file, and nodes go on with it", async (t) => {
    const server = await startServer(t, "--appendonly", "yes");
    const nodes = startNodes(t, server, { requireAppendOnly: true });
    const [a, b] = await Promise.all([nodes.start(), nodes.start()]);
    const [log, state] = [await FollowedLog.of(b, "room"), await FollowedState.of(b, "book")];
    const { epoch, end } = await a.logs.bounds("room");
    const positions: string[] = [];
    for (let index = 0; index < 20; index++) positions.push(await append(a, "room", index));
    const revision = await a.states.set("book", "x", 1, null);
    await server.kill();
    const trying = appendAgain(a, "room", "after");
    await server.resume();
    const after = await trying;
    await log.has("after");
    log.assertChained();
    assert.deepEqual(log.resets.items, []);
    assert.equal(log.values.length, 21);
    assert.equal(await appendAgain(b, "room", "after"), after);
    const page = await b.logs.read("room", { after: end, limit: 100 });
    assert.ok(page.status === "ok");
    assert.deepEqual(
      page.entries.map(({ position }) => position),
      [...positions, after],
    );
    assert.equal(page.epoch, epoch);
    await a.states.set("book", "x", 2, revision);
    await state.changes.until((changes) => changes.at(-1)?.entry?.value === 2);
    assert.deepEqual(state.resets.items, []);
  });

  it("begins a new epoch where it kept nothing, which those who follow are told", async (t) => {
    const server = await startServer(t);
    const engine = await startNodes(t, server).start();
    const log = await FollowedLog.of(engine, "room");
    const state = await FollowedState.of(engine, "book");
    const events = new Recorder<string>();
    await engine.presence.beat("n", 60_000);
    await engine.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    await engine.presence.watch("room", {
      came: ({ user }) => events.add(`+${user}`),
      left: (user) => events.add(`-${user}`),
    });
    for (let index = 0; index < 5; index++) await append(engine, "room", index);
    await engine.states.set("book", "x", 1, null);
    const { epoch } = await engine.logs.bounds("room");
    await server.kill();
    await server.resume();
    await Promise.all([
      log.resets.until(({ length }) => length === 1),
      state.resets.until(({ length }) => length === 1),
      events.until(({ length }) => length === 1),
    ]);
    const [reason, bounds] = log.resets.items[0] ?? [];
    assert.equal(reason, "epoch");
    assert.equal(bounds?.end, "0-0");
    assert.notEqual(bounds.epoch, epoch);
    await append(engine, "room", "new");
    await log.has("new");
    assert.equal(log.entries.items.at(-1)?.previous, "0-0");
    await engine.states.set("book", "y", 2, null);
    await state.changes.until((changes) => changes.at(-1)?.key === "y");
    assert.equal(await engine.presence.beat("n", 60_000), false);
    await engine.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    await events.until(({ length }) => length === 2);
    assert.deepEqual(events.items, ["-ann", "+ann"]);
  });
});

describe("what is done to a Redis server that runs", { skip: noRedis, timeout: 90_000 }, () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start("--client-output-buffer-limit", "pubsub 1mb 1mb 1");
  });
  after(() => server.dispose());

  it("all scripts are forgotten amid appending: the order holds, and each stands once", async (t) => {
    const client = startClient(t, server);
    const engine = await startNodes(t, server).start();
    const all: Promise<string>[] = [];
    for (let index = 0; index < 200; index++) {
      all.push(append(engine, "room", index));
      if (index % 50 === 25) await client.script("FLUSH");
      // Forgotten twice within a round trip, what was sent in between might overtake: docs/engines.md says so.
      if (index % 50 === 49) await Promise.all(all);
    }
    assert.deepEqual(
      await valuesOf(engine, "room"),
      Array.from({ length: 200 }, (_, index) => index),
    );
  });

  it("everything is deleted amid appending: who follows is told of another epoch, and goes on", async (t) => {
    const client = startClient(t, server);
    const engine = await startNodes(t, server).start();
    const log = await FollowedLog.of(engine, "room");
    const all: Promise<string>[] = [];
    for (let index = 0; index < 50; index++) all.push(append(engine, "room", index));
    const flushed = client.flushall();
    for (let index = 50; index < 100; index++) all.push(append(engine, "room", index));
    await Promise.all([...all, flushed]);
    // What stands before the reset is read by who wants it, not told.
    await log.resets.until(({ length }) => length === 1);
    await append(engine, "room", "after");
    await log.has("after");
    assert.deepEqual(
      log.resets.items.map(([reason]) => reason),
      ["epoch"],
    );
    const [, { end }] = log.resets.items[0] ?? ["", { end: "" }];
    const behind = log.entries.items.findIndex(({ previous }) => previous === end);
    const rest = behind === -1 ? [] : log.entries.items.slice(behind);
    assert.equal(rest.at(-1)?.value, "after");
    for (const [index, entry] of rest.entries()) {
      if (index > 0) assert.equal(entry.previous, rest[index - 1]?.position);
    }
  });

  it("a replica that knew less became the master: a position that is no more is never another message's", async (t) => {
    const client = startClient(t, server);
    const nodes = startNodes(t, server, { auditIntervalMs: 50 });
    const engine = await nodes.start();
    const log = await FollowedLog.of(engine, "room");
    const state = await FollowedState.of(engine, "book");
    const keys = ["l:room", "l:room}:m", "s:book", "s:book}:v", "s:book}:o", "s:book}:c"].map(
      (name) => `${nodes.prefix}:{${name}${name.includes("}") ? "" : "}"}`,
    );
    await append(engine, "room", "kept");
    await engine.states.set("book", "x", "kept", null);
    const then = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
    const lost = await append(engine, "room", "lost");
    const { epoch } = await engine.states.snapshot("book", { limit: 1 });
    const lostRevision = await engine.states.set("book", "x", "lost", undefined);
    await log.has("lost");
    await state.changes.until((changes) => changes.at(-1)?.position === lostRevision);
    await Promise.all(keys.map((key, index) => client.restore(key, 0, then[index] as Buffer, "REPLACE")));
    await append(engine, "room", "new");
    await engine.states.set("book", "x", "new", undefined);
    const hole = await engine.logs.read("room", { after: lost, limit: 10 });
    assert.ok(hole.status === "hole" && hole.reason === "unknown-position");
    assert.equal(await engine.states.changesSince("book", epoch, lostRevision), undefined);
    await log.resets.until(({ length }) => length === 1);
    await state.resets.until(({ length }) => length === 1);
    await append(engine, "room", "newer");
    await log.has("newer");
  });

  it("it stands still: what has a key is done when it goes on, and nobody is taken for dead", async (t) => {
    const nodes = startNodes(t, server, { timeoutMs: 20_000 });
    const [a, b] = await Promise.all([nodes.start(), nodes.start()]);
    const events = new Recorder<string>();
    await a.presence.beat("n", 600);
    await a.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    await b.presence.watch("room", {
      came: ({ user }) => events.add(`+${user}`),
      left: (user) => events.add(`-${user}`),
    });
    server.pause();
    const waiting = append(a, "room", 1, keyed(1));
    // For longer than the beat holds.
    await new Promise<void>((resolve) => {
      realHost().setTimer(resolve, 1300);
    });
    server.unpause();
    await waiting;
    assert.equal(await a.presence.beat("n", 600), true);
    assert.deepEqual(events.items, []);
    // And for as long as it lives, however it is looked at; then it is gone by itself.
    await events.until(({ length }) => length === 1);
    assert.deepEqual(events.items, ["-ann"]);
  });

  it("a node that is too slow is cut off, and gets what it missed", async (t) => {
    const proxy = await TcpProxy.start(server.port);
    t.after(() => proxy.dispose());
    const nodes = startNodes(t, server);
    const near = await nodes.start();
    const slow = await nodes.start({ url: proxy.url("redis") });
    const log = await FollowedLog.of(slow, "room");
    const cuts = new Recorder<string>();
    nodes.clients.at(-1)?.on("close", () => cuts.add("cut"));
    proxy.stop();
    const value = "x".repeat(200_000);
    for (let index = 0; index < 60; index++) await append(near, "room", [index, value]);
    await append(near, "room", "last");
    proxy.resume();
    await cuts.until(({ length }) => length === 1);
    await log.has("last");
    assert.deepEqual(log.resets.items, []);
    log.assertChained();
    assert.equal(log.values.length, 61);
  });

  it("its memory is full: what is appended is refused, and what is there is read", async (t) => {
    const client = startClient(t, server);
    const engine = await startNodes(t, server).start();
    const position = await append(engine, "room", 1);
    await client.config("SET", "maxmemory", "1");
    try {
      await assertRefused(append(engine, "room", 2), "full");
      await assertRefused(append(engine, "new", 2), "full");
      await assertRefused(engine.states.set("book", "x", 1, undefined), "full");
      await assertRefused(engine.media.append("film", { data: Uint8Array.of(1), isKey: true }, 10), "full");
      await assertRefused(engine.calls.claim({ key: "k", windowMs: 1000 }, 1000), "full");
      const page = await engine.logs.read("room", { limit: 10 });
      assert.ok(page.status === "ok" && page.entries[0]?.position === position);
    } finally {
      await client.config("SET", "maxmemory", "0");
    }
    await append(engine, "room", 3);
  });

  it("evicts what it should keep, or keeps nothing: an engine that was told to mind refuses to start", async (t) => {
    const client = startClient(t, server);
    await client.config("SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru");
    const nodes = startNodes(t, server);
    try {
      await assertRefused(nodes.start(), "unavailable", /maxmemory-policy allkeys-lru/u);
      const engine = await nodes.start({ allowEviction: true });
      assert.equal(engine.health().isAvailable, true);
    } finally {
      await client.config("SET", "maxmemory", "0", "maxmemory-policy", "noeviction");
    }
    await assertRefused(nodes.start({ allowEviction: true, requireAppendOnly: true }), "unavailable", /append-only/u);
  });

  it("has no replica that confirms what was written: it is not acknowledged", async (t) => {
    const engine = await startNodes(t, server, { replicas: 1, timeoutMs: 1000 }).start();
    await assertRefused(append(engine, "room", 1), "unavailable", /0 replicas/u);
    assert.equal((await engine.logs.read("room", { limit: 1 })).status, "ok");
  });
});

describe("the options of the Redis engine", () => {
  it("are refused where they are out of range, or do not go together", () => {
    for (const options of [
      { prefix: "a:b" },
      { prefix: "{a}" },
      { timeoutMs: 0 },
      { replicas: -1 },
      { url: "redis://a", cluster: [{ host: "a", port: 1 }] },
      { cluster: [] },
      { cluster: ["redis://a"], replicas: 1 },
    ] satisfies RedisEngineOptions[]) {
      assert.throws(() => redis(options), RangeError);
    }
  });

  it("name a server that is not there: the engine does not start, and says why", async () => {
    const port = 1;
    const engine = redis({ url: `redis://127.0.0.1:${String(port)}`, timeoutMs: 300 });
    await assertRefused(engine.start(realHost()), "unavailable", /cannot be reached/u);
    assert.equal(engine.health().isAvailable, false);
  });
});

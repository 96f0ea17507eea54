import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { type Engine, EngineError, type EngineErrorCode } from "#src/realtime/engines/index.js";
import { type RedisEngineOptions, redis } from "#src/realtime/engines/redis/index.js";
import { engineFaults } from "../faults/index.js";
import { valuesOf } from "../faults/world.js";
import { TcpProxy } from "../proxy.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, realHost } from "../world.js";
import { redisFaultWorld } from "./faults.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

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

engineFaults(redisFaultWorld);

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

  it("leaves nobody in a list who came and went while nothing was heard", async () => {
    const clients: Redis[] = [];
    const deaf = await nodes.start({
      createClient: (connection, url) => {
        const client = url === undefined ? new Redis(connection) : new Redis(url, connection);
        clients.push(client);
        return client;
      },
    });
    await near.presence.beat("n", 60_000);
    const events = new Recorder<string>();
    // Whoever looked once, and hears what is told from then on.
    const seen = new Set<string>();
    await deaf.presence.watch("room", {
      came: ({ user }) => {
        seen.add(user);
        events.add(`+${user}`);
      },
      left: (user) => {
        seen.delete(user);
        events.add(`-${user}`);
      },
    });
    const [, told] = clients;
    assert.ok(told !== undefined);
    told.stream.pause();
    await near.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    for (const { user } of (await deaf.presence.list("room", 10)).users) seen.add(user);
    await near.presence.put("n", "room", { user: "ann", state: null, connections: 0 });
    await near.presence.put("n", "room", { user: "bob", state: null, connections: 1 });
    told.disconnect(true);
    await events.until((items) => items.includes("+bob"));
    assert.deepEqual([...seen], ["bob"]);
  });
});

describe("a node of Redis that follows much", { skip: noRedis, timeout: 90_000 }, () => {
  it("finds all that it missed, however few requests it may have at once, and nobody waits for that", async (t) => {
    const server = await RedisServer.start();
    t.after(() => server.dispose());
    const proxy = await TcpProxy.start(server.port);
    t.after(() => proxy.dispose());
    const nodes = startNodes(t, server);
    const near = await nodes.start();
    const far = await nodes.start({ url: proxy.url("redis"), maxPending: 60, auditIntervalMs: 3_600_000 });
    const names = Array.from({ length: 300 }, (_, index) => `room/${String(index)}`);
    const logs: FollowedLog[] = [];
    for (const name of names) logs.push(await FollowedLog.of(far, name));
    proxy.cut();
    await Promise.all(names.map((name) => append(near, name, 1)));
    proxy.mend();
    await Promise.all(logs.map((log) => log.has(1)));
  });

  it("notices that a connection leads nowhere, and begins another", async (t) => {
    const server = await RedisServer.start();
    t.after(() => server.dispose());
    const proxy = await TcpProxy.start(server.port);
    t.after(() => proxy.dispose());
    const nodes = startNodes(t, server, { timeoutMs: 200, auditIntervalMs: 50 });
    const engine = await nodes.start({ url: proxy.url("redis") });
    const closed = nodes.clients.map((client) => new Promise((resolve) => client.once("close", resolve)));
    assert.equal(closed.length, 2);
    const streams = nodes.clients.map(({ stream }) => ({ stream, count: stream.listenerCount("close") }));
    proxy.stop();
    // However many requests find out.
    await Promise.all(Array.from({ length: 50 }, () => assertRefused(append(engine, "room", 0), "unavailable")));
    for (const { stream, count } of streams) assert.ok(stream.listenerCount("close") <= count + 1);
    await Promise.all(closed);
    for (const { stream, count } of streams) assert.ok(stream.listenerCount("close") <= count + 1);
  });

  it("brings scripts back before anything else when it is connected again", async (t) => {
    const server = await RedisServer.start();
    t.after(() => server.dispose());
    const client = startClient(t, server);
    const nodes = startNodes(t, server);
    const engine = await nodes.start();
    await append(engine, "room", 0);
    await client.script("FLUSH");
    await client.config("RESETSTAT");
    const back = Promise.all(nodes.clients.map((one) => new Promise((resolve) => one.once("ready", resolve))));
    for (const one of nodes.clients) one.disconnect(true);
    await back;
    const values = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(values.map((value) => append(engine, "room", value)));
    assert.doesNotMatch(await client.info("errorstats"), /NOSCRIPT/u);
    assert.deepEqual(await valuesOf(engine, "room"), [0, ...values]);
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
    }
    await Promise.all(all);
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
      { connection: { keyPrefix: "a:" } },
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

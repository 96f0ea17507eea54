import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import type { NatsOptions } from "#src/realtime/engines/nats/index.js";
import { TcpProxy } from "../proxy.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, everything } from "../world.js";
import { NatsServer, noNats } from "./server.js";
import { NatsNodes } from "./world.js";

/** What a node's connection goes through. */
async function reconnected(nodes: NatsNodes, index: number, act: () => void): Promise<void> {
  for await (const { type } of nodes.connections[index]?.status() ?? []) {
    if (type === "disconnect") act();
    if (type === "reconnect") return;
  }
}

async function startServer(t: TestContext, config?: string): Promise<NatsServer> {
  const server = await NatsServer.start(config);
  t.after(() => server.dispose());
  return server;
}

function startNodes(t: TestContext, server: NatsServer, options?: NatsOptions): NatsNodes {
  const nodes = new NatsNodes(server, options);
  t.after(() => nodes.dispose());
  return nodes;
}

/** A log's appending is tried until the server is back, under one key. */
async function appendAgain(engine: Engine, channel: string, value: unknown): Promise<string> {
  for (;;) {
    try {
      return await append(engine, channel, value, { idempotency: { key: String(value), windowMs: 60_000 } });
    } catch (error) {
      assert.equal((error as { code?: string }).code, "unavailable");
    }
  }
}

describe("a node whose connection to NATS is cut", { skip: noNats }, () => {
  let server: NatsServer;
  let proxy: TcpProxy;
  let nodes: NatsNodes;
  let near: Engine;
  let far: Engine;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.port);
    nodes = new NatsNodes(server);
    near = await nodes.start();
    far = await nodes.start({ servers: proxy.url("nats"), timeoutMs: 500 });
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
    const back = reconnected(nodes, 1, () => undefined);
    proxy.cut();
    for (let index = 0; index < 50; index++) await append(near, "room", index);
    await append(near, "quiet", "first");
    assert.equal(log.values.length, 1);
    proxy.mend();
    await back;
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
    // So many that what it has seen has been taken out of the stream.
    let last = "";
    for (let index = 0; index < 200; index++) last = await append(near, "room", index, { retain });
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

  it("sees who came and left meanwhile", async () => {
    const events = new Recorder<string>();
    await near.presence.beat("n", 60_000);
    await near.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
    await far.presence.watch("room", {
      came: ({ user }) => events.add(`+${user}`),
      left: (user) => events.add(`-${user}`),
    });
    proxy.cut();
    await near.presence.put("n", "room", { user: "ann", state: null, connections: 0 });
    await near.presence.put("n", "room", { user: "bob", state: null, connections: 1 });
    proxy.mend();
    await events.until((items) => items.includes("-ann") && items.includes("+bob"));
    assert.equal((await far.presence.list("room", 10)).count, 1);
  });

  it("says that NATS is not available, and refuses until it is", async () => {
    const gone = reconnected(nodes, 1, () => {
      assert.equal(far.health().isAvailable, false);
      proxy.mend();
    });
    proxy.cut();
    await gone;
    assert.equal(far.health().isAvailable, true);
    await append(far, "room", 1);
  });

  it("waits for what comes of a call that it did not hear of", async () => {
    const key = { key: "order", windowMs: 60_000 };
    const mine = await near.calls.claim(key, 300);
    const theirs = await far.calls.claim(key, 300);
    assert.ok(mine.status === "claimed" && theirs.status === "running");
    proxy.cut();
    await mine.complete({ ok: true, value: 1 });
    proxy.mend();
    assert.deepEqual(await theirs.outcome, { ok: true, value: 1 });
  });
});

describe("a NATS server that is killed and started again", { skip: noNats }, () => {
  it("has all that it acknowledged, and nodes go on with it", async (t) => {
    const server = await startServer(t);
    const nodes = startNodes(t, server, { storage: "file", timeoutMs: 500 });
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
  });

  it("begins a new epoch where it kept nothing, which those who follow are told", async (t) => {
    const server = await startServer(t);
    const nodes = startNodes(t, server, { storage: "memory", timeoutMs: 500, auditIntervalMs: 50 });
    const engine = await nodes.start();
    const log = await FollowedLog.of(engine, "room");
    const state = await FollowedState.of(engine, "book");
    for (let index = 0; index < 5; index++) await append(engine, "room", index);
    await engine.states.set("book", "x", 1, null);
    const { epoch } = await engine.logs.bounds("room");
    await server.kill();
    await server.resume();
    await Promise.all([
      log.resets.until(({ length }) => length === 1),
      state.resets.until(({ length }) => length === 1),
    ]);
    const [reason, bounds] = log.resets.items[0] ?? [];
    assert.equal(reason, "epoch");
    assert.equal(bounds?.end, "0");
    assert.notEqual(bounds.epoch, epoch);
    await append(engine, "room", "new");
    await log.has("new");
    assert.equal(log.entries.items.at(-1)?.previous, "0");
    await engine.states.set("book", "y", 2, null);
    await state.changes.until((changes) => changes.at(-1)?.key === "y");
  });
});

describe("presence in a NATS server that kept nothing", { skip: noNats }, () => {
  it("is told anew by nodes that live, whose beats count as before", async (t) => {
    const server = await startServer(t);
    const nodes = startNodes(t, server, { timeoutMs: 500, auditIntervalMs: 50 });
    const [a, b] = await Promise.all([nodes.start(), nodes.start()]);
    const events = new Recorder<string>();
    // So many that the sequence of the new stream is far below.
    for (let beat = 0; beat < 30; beat++) await a.presence.beat("na", 60_000);
    await b.presence.watch("room", {
      came: ({ user }) => events.add(`+${user}`),
      left: (user) => events.add(`-${user}`),
    });
    await a.presence.put("na", "room", { user: "ann", state: null, connections: 1 });
    await events.until(({ length }) => length === 1);
    const log = await FollowedLog.of(a, "room");
    await server.kill();
    await server.resume();
    await Promise.all([
      log.resets.until(({ length }) => length === 1),
      events.until((items) => items.at(-1) === "-ann"),
    ]);
    assert.equal(await a.presence.beat("na", 60_000), false);
    await a.presence.put("na", "room", { user: "ann", state: null, connections: 1 });
    await events.until((items) => items.at(-1) === "+ann");
    assert.equal(await a.presence.beat("na", 60_000), true);
    // One that has been heard of only since.
    await a.presence.beat("nb", 60_000);
    await a.presence.put("nb", "room", { user: "bob", state: null, connections: 1 });
    await events.until((items) => items.at(-1) === "+bob");
    await a.presence.dropNode("na");
    await events.until((items) => items.at(-1) === "-ann");
  });
});

describe("a node that is too slow for NATS", { skip: noNats }, () => {
  it("is cut off by the server, and gets what it missed", async (t) => {
    const server = await startServer(
      t,
      'jetstream: { store_dir: "%" }\nwrite_deadline: "100ms"\nmax_pending: 4194304\n',
    );
    const proxy = await TcpProxy.start(server.port);
    t.after(() => proxy.dispose());
    const nodes = startNodes(t, server);
    const near = await nodes.start();
    const slow = await nodes.start({ servers: proxy.url("nats") });
    const log = await FollowedLog.of(slow, "room");
    let disconnects = 0;
    const back = reconnected(nodes, 1, () => disconnects++);
    proxy.stop();
    const value = "x".repeat(200_000);
    for (let index = 0; index < 60; index++) await append(near, "room", [index, value]);
    await append(near, "room", "last");
    proxy.resume();
    await back;
    await log.has("last");
    assert.equal(disconnects, 1);
    assert.deepEqual(log.resets.items, []);
    log.assertChained();
    assert.equal(log.values.length, 61);
  });
});

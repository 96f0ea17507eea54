import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Cluster, Redis } from "ioredis";
import { type Engine, EngineError } from "#src/realtime/engines/index.js";
import { engineContract } from "#src/testing/index.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, realHost } from "../world.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

const slots = 16_384;

/** Servers tell one another in their own time. */
function moment(): Promise<void> {
  const host = realHost();
  return new Promise((resolve) => {
    host.setTimer(resolve, 20);
  });
}

/** Asks until the answer is as it should be. */
async function until<Answer>(ask: () => Promise<Answer>, holds: (answer: Answer) => boolean): Promise<void> {
  while (!holds(await ask())) await moment();
}

/** Appends under a key until the log is available again. */
async function appendAgain(engine: Engine, channel: string, value: string): Promise<string> {
  for (;;) {
    try {
      return await append(engine, channel, value, { idempotency: { key: value, windowMs: 60_000 } });
    } catch (error) {
      assert.ok(error instanceof EngineError && error.code === "unavailable", String(error));
      await moment();
    }
  }
}

describe("a Redis Cluster", { skip: noRedis, timeout: 90_000 }, () => {
  const servers: RedisServer[] = [];
  let nodes: RedisNodes;
  let engines: [Engine, Engine];

  before(async () => {
    const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    servers.push(...(await Promise.all([1, 2, 3].map(() => RedisServer.start(...args)))));
    const clients = servers.map(({ url }) => new Redis(url));
    const share = Math.ceil(slots / servers.length);
    for (const [index, client] of clients.entries()) {
      const first = index * share;
      await client.call("CLUSTER", "ADDSLOTSRANGE", first, Math.min(first + share, slots) - 1);
      await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      await client.call("CLUSTER", "MEET", "127.0.0.1", servers[0]?.port ?? 0);
    }
    for (const client of clients) {
      await until(
        () => client.cluster("INFO"),
        (info) => info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3"),
      );
    }
    for (const client of clients) client.disconnect();
    const cluster = servers.map(({ port }) => ({ host: "127.0.0.1", port }));
    nodes = new RedisNodes({ cluster, auditIntervalMs: 500 });
    engines = [await nodes.start(), await nodes.start()];
  });
  after(async () => {
    await nodes.dispose();
    await Promise.all(servers.map((server) => server.dispose()));
  });

  it("is refused what one of its masters does not give", async () => {
    const wish = { value: 1000, isChosen: false };
    const needs = {
      channels: [{ kind: "log", pattern: "orders", isDurable: true, count: 1, ageMs: 1 } as const],
      ...{ maxMessageBytes: wish, maxPresenceBytes: wish, maxLogBytes: wish },
      ...{ publishWindowMs: 1, callWindowMs: undefined },
    };
    const [engine] = engines;
    const [last, ...others] = servers.map(({ url }) => new Redis(url));
    for (const client of others) await client.config("SET", "appendonly", "yes");
    await assert.rejects(async () => await engine.check?.(needs), {
      code: "not-guaranteed",
      message: /"orders" wants to outlast a restart \(durable\), but Redis has no append-only file/u,
    });
    await last?.config("SET", "appendonly", "yes");
    assert.equal((await engine.check?.(needs))?.maxMessageBytes, 512 * 1024 * 1024 - 4096);
    for (const client of [last, ...others]) {
      await client?.config("SET", "appendonly", "no");
      client?.disconnect();
    }
  });

  it("keeps logs, states, media and calls of many channels, over all its nodes, and tells of them", async () => {
    const [a, b] = engines;
    const names = Array.from({ length: 12 }, (_, index) => `room/{${String(index)}`);
    const logs = await Promise.all(names.map((name) => FollowedLog.of(b, name)));
    const states = await Promise.all(names.map((name) => FollowedState.of(b, name)));
    await Promise.all(
      names.flatMap((name) => [append(a, name, 1), append(a, name, 2), a.states.set(name, "key", name, null)]),
    );
    await Promise.all(logs.map((log) => log.has(2)));
    await Promise.all(states.map((state) => state.changes.until(({ length }) => length === 1)));
    for (const log of logs) {
      log.assertChained();
      assert.deepEqual(log.values, [1, 2]);
    }
    const frames = new Recorder<number>();
    await b.media.tail("film", ({ index }) => frames.add(index));
    await a.media.append("film", { data: Uint8Array.of(1, 255), isKey: true }, 1000);
    await frames.until(({ length }) => length === 1);
    const signals = new Recorder<unknown>();
    await b.signals.listen("ping", ({ value }) => signals.add(value));
    await a.signals.send("ping", { value: "hello", user: undefined });
    await signals.until(({ length }) => length === 1);
    const claim = await a.calls.claim({ key: "order", windowMs: 10_000 }, 5000);
    const other = await b.calls.claim({ key: "order", windowMs: 10_000 }, 5000);
    assert.ok(claim.status === "claimed" && other.status === "running");
    await claim.complete({ ok: true, value: 1 });
    assert.deepEqual(await other.outcome, { ok: true, value: 1 });
  });

  for (const { name, run } of engineContract) {
    it(name, () => run(new RedisNodes({ cluster: servers.map(({ port }) => ({ host: "127.0.0.1", port })) })));
  }

  it("leaves nothing behind that keeps a process alive, where it is closed while it asks who has which slots", async (t) => {
    const cluster = servers.map(({ port }) => ({ host: "127.0.0.1", port }));
    const engine = await nodes.start({ cluster, auditIntervalMs: 50 });
    const asked = new Recorder<Cluster>();
    const answers: (() => void)[] = [];
    const { prototype } = Cluster;
    const refresh: unknown = Reflect.get(prototype, "refreshSlotsCache");
    assert.ok(typeof refresh === "function");
    t.mock.method(
      Cluster.prototype,
      "refreshSlotsCache",
      function (this: Cluster, done?: (error?: Error | null) => void) {
        refresh.call(this, (error: Error | null) => answers.push(() => done?.(error)));
        // Not when it connects.
        if (this.status === "ready") asked.add(this);
      },
    );
    await asked.until(({ length }) => length > 0);
    await engine.close();
    while (answers.length === 0) await new Promise(setImmediate);
    for (const answer of answers) answer();
    assert.deepEqual(
      asked.items.map((client) => (client as unknown as { slotsTimer?: unknown }).slotsTimer ?? undefined),
      asked.items.map(() => undefined),
    );
  });

  it("forgets a node as a whole", async () => {
    const [a, b] = engines;
    const events = new Recorder<string>();
    await Promise.all(
      ["x", "y"].map((channel) =>
        b.presence.watch(channel, {
          came: ({ user }) => events.add(`+${channel}${user}`),
          left: (user) => events.add(`-${channel}${user}`),
        }),
      ),
    );
    await a.presence.beat("n", 300);
    for (const channel of ["x", "y"]) await a.presence.put("n", channel, { user: "ann", state: null, connections: 1 });
    await events.until(({ length }) => length === 4);
    assert.deepEqual(events.items.slice(2).sort(), ["-xann", "-yann"]);
  });

  it("is not available while one of its masters stands still, whatever the others answer", async (t) => {
    const impatient = new RedisNodes({
      cluster: servers.map(({ port }) => ({ host: "127.0.0.1", port })),
      ...{ auditIntervalMs: 100, timeoutMs: 1000 },
    });
    t.after(() => impatient.dispose());
    const engine = await impatient.start();
    const [first] = servers;
    t.after(() => first?.unpause());
    await first?.pause();
    while (engine.health().isAvailable) await moment();
    assert.match(engine.health().reason ?? "", /^Redis does not answer: nothing has come for \d+ ms to PING$/u);
    first?.unpause();
    while (!engine.health().isAvailable) await moment();
  });

  it("loses a node, and has it back without what it kept: who follows is told", async () => {
    const [a, b] = engines;
    const names = Array.from({ length: 9 }, (_, index) => `hall/${String(index)}`);
    const logs = await Promise.all(names.map((name) => FollowedLog.of(b, name)));
    await Promise.all(names.map((name) => append(a, name, "before")));
    await Promise.all(logs.map((log) => log.has("before")));
    await servers[1]?.kill();
    await servers[1]?.resume();
    await Promise.all(names.map((name) => appendAgain(a, name, "after")));
    await Promise.all(
      logs.map((log) => Promise.race([log.has("after"), log.resets.until(({ length }) => length > 0)])),
    );
    const reset = logs.filter((log) => log.resets.items.length > 0);
    assert.ok(reset.length > 0 && reset.length < logs.length);
    for (const log of logs) {
      if (log.resets.items.length > 0) assert.equal(log.resets.items[0]?.[0], "epoch");
      else log.assertChained();
    }
    await Promise.all(names.map((name) => appendAgain(a, name, "last")));
    await Promise.all(logs.map((log) => log.has("last")));
  });
});

describe("Redis with a Sentinel whose master dies", { skip: noRedis, timeout: 90_000 }, () => {
  it("goes on at the replica, in the same epoch, with all that the replica had confirmed", async (t) => {
    const start = async (...args: string[]): Promise<RedisServer> => {
      const server = await RedisServer.start(...args);
      t.after(() => server.dispose());
      return server;
    };
    const master = await start();
    const replica = await start("--replicaof", "127.0.0.1", String(master.port));
    const sentinel = await start("--sentinel");
    const connect = ({ url }: RedisServer): Redis => {
      const client = new Redis(url).on("error", () => undefined);
      t.after(() => client.disconnect());
      return client;
    };
    const client = connect(sentinel);
    for (const [name, ...args] of [
      ["MONITOR", "main", "127.0.0.1", master.port, 1],
      ["SET", "main", "down-after-milliseconds", 200, "failover-timeout", 1000],
    ] as const) {
      await client.call("SENTINEL", name, ...args);
    }
    const replicaClient = connect(replica);
    await until(
      () => replicaClient.info("replication"),
      (info) => info.includes("master_link_status:up"),
    );
    await until(
      async () => String(await client.call("SENTINEL", "REPLICAS", "main")),
      (text) => text.includes(String(replica.port)) && text.includes("ok"),
    );

    const sentinels = { name: "main", nodes: [{ host: "127.0.0.1", port: sentinel.port }] };
    const nodes = new RedisNodes({ sentinels, timeoutMs: 1000 });
    t.after(() => nodes.dispose());
    const [a, b] = [await nodes.start({ replicas: 1 }), await nodes.start()];
    const log = await FollowedLog.of(b, "room");
    const { epoch, end } = await a.logs.bounds("room");
    for (let index = 0; index < 10; index++) await append(a, "room", index);
    await log.has(9);
    await master.kill();
    await until(
      () => replicaClient.info("replication"),
      (info) => info.includes("role:master"),
    );
    await appendAgain(b, "room", "after");
    await log.has("after");
    log.assertChained();
    assert.deepEqual(log.resets.items, []);
    const page = await b.logs.read("room", { after: end, limit: 100 });
    assert.ok(page.status === "ok" && page.epoch === epoch);
    assert.deepEqual(
      page.entries.map(({ value }) => value),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "after"],
    );
  });
});

describe("Redis with a replica that stands still", { skip: noRedis, timeout: 60_000 }, () => {
  it("acknowledges nothing that the replica does not have, however often it is asked", async (t) => {
    const master = await RedisServer.start();
    t.after(() => master.dispose());
    const replica = await RedisServer.start("--replicaof", "127.0.0.1", String(master.port));
    t.after(() => replica.dispose());
    const client = new Redis(replica.url);
    await until(
      () => client.info("replication"),
      (info) => info.includes("master_link_status:up"),
    );
    client.disconnect();
    const nodes = new RedisNodes({ url: master.url, replicas: 1, timeoutMs: 500 });
    t.after(() => nodes.dispose());
    const [a, b] = [await nodes.start(), await nodes.start()];
    await append(a, "room", "before");
    const call = await a.calls.claim({ key: "order", windowMs: 60_000 }, 60_000);
    assert.ok(call.status === "claimed");
    await replica.pause();
    const keyed = { idempotency: { key: "k", windowMs: 60_000 } };
    const unavailable = { name: "EngineError", code: "unavailable", message: /0 replicas/u };
    await assert.rejects(append(a, "room", "late", keyed), unavailable);
    // Another connection, which has written nothing yet.
    await assert.rejects(append(b, "room", "late", keyed), unavailable);
    await assert.rejects(call.complete({ ok: true, value: 1 }), unavailable);
    await assert.rejects(call.complete({ ok: true, value: 1 }), unavailable);
    replica.unpause();
    await appendAgain(b, "room", "k");
    assert.equal(await call.complete({ ok: true, value: 1 }), true);
  });
});

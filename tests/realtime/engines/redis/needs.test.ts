import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Redis } from "ioredis";
import { type RedisEngineOptions, redis } from "#src/realtime/engines/redis/index.js";
import { contract, log, media, state } from "#src/realtime/index.js";
import { refusalOf, refusedLines } from "../refusal.js";
import { noRedis, RedisServer } from "./server.js";

async function startServer(t: TestContext, ...args: string[]): Promise<RedisServer> {
  const server = await RedisServer.start(...args);
  t.after(() => server.dispose());
  return server;
}

const plain = contract({ channels: { "room/{id}": log({ retain: { count: 10 } }), book: state(), film: media() } });
const durable = contract({ channels: { "orders/{id}": log({ durable: true }), book: state({ durable: true }) } });

describe("what Redis is refused for at the start", { skip: noRedis, timeout: 30_000 }, () => {
  it("is no append-only file, where something has to outlast a restart", async (t) => {
    const [without, withOne] = await Promise.all([startServer(t), startServer(t, "--appendonly", "yes")]);
    assert.equal(
      await refusalOf(redis({ url: without.url }), durable),
      "Redis cannot give what the contract wants:\n" +
        '- "orders/{id}", "book" wants to outlast a restart (durable), but Redis has no append-only file ' +
        "(appendonly no): set appendonly yes at each server, or leave out durable",
    );
    assert.equal(await refusalOf(redis({ url: without.url }), plain), undefined);
    assert.equal(await refusalOf(redis({ url: withOne.url }), durable), undefined);
  });

  it("is eviction that is allowed, and memory and messages that are shorter than what is wanted, all at once", async (t) => {
    const server = await startServer(
      ...([t, "--maxmemory", "20mb", "--maxmemory-policy", "allkeys-lru"] as const),
      ...["--proto-max-bulk-len", "1mb", "--appendonly", "yes"],
    );
    const engine = (options: RedisEngineOptions = {}) => redis({ url: server.url, allowEviction: true, ...options });
    const api = contract({ channels: { ...durable.definition.channels, film: media({ groupBytesMax: 40_000_000 }) } });
    const limits = { maxMessageBytes: 2_000_000, maxLogBytes: 30_000_000 };
    const lines = await refusedLines(engine(), api, { limits });
    assert.deepEqual(
      lines.map((line) => line.slice(2, line.lastIndexOf(": "))),
      [
        '"orders/{id}", "book" wants to outlast a restart (durable), but Redis evicts keys when its memory is full ' +
          "(maxmemory-policy allkeys-lru)",
        "limits.maxMessageBytes wants 2000000 octets, but Redis takes 1048576 at once (proto-max-bulk-len)",
        '"film" wants frames of up to 40000000 octets (groupBytesMax), but Redis takes 1048576 at once ' +
          "(proto-max-bulk-len)",
        "limits.maxLogBytes wants 30000000 octets for each log, but all that Redis keeps has 20971520 (maxmemory)",
        '"film" wants groups of 40000000 octets, but all that Redis keeps has 20971520 (maxmemory)',
      ],
    );
    const small = contract({ channels: { "room/{id}": log(), film: media({ groupBytesMax: 500_000 }) } });
    assert.equal(await refusalOf(engine(), small), undefined, "a default is no wish");
  });

  it("is nothing that a user may not know", async (t) => {
    const server = await startServer(t);
    const admin = new Redis(server.url);
    await admin.acl("SETUSER", "line", "on", ">word", "~*", "&*", "+@all", "-@dangerous", "+info");
    admin.disconnect();
    const connection = { username: "line", password: "word" };
    const limits = { maxMessageBytes: 2_000_000_000 };
    assert.match((await refusalOf(redis({ url: server.url }), plain, { limits })) ?? "", /takes 536870912 at once/u);
    assert.equal(await refusalOf(redis({ url: server.url, connection }), plain, { limits }), undefined);
  });
});

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it, type TestContext } from "node:test";
import { Redis } from "ioredis";
import type { Engine } from "#src/realtime/engines/index.js";
import { appendScript } from "#src/realtime/engines/redis/log-scripts.js";
import { valuesOf } from "../faults/world.js";
import { append } from "../world.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

describe("what Redis refuses while it does what was asked next", { skip: noRedis, timeout: 30_000 }, () => {
  let server: RedisServer;
  let admin: Redis;
  before(async () => {
    server = await RedisServer.start();
    admin = new Redis(server.url);
  });
  after(async () => {
    admin.disconnect();
    await server.dispose();
  });
  beforeEach(() => admin.flushall());

  /** Asks, and asks again behind the moment at which the server stops refusing what is written. */
  async function refusedAndNot(
    t: TestContext,
    ask: (engine: Engine, value: number) => Promise<unknown>,
  ): Promise<Engine> {
    const nodes = new RedisNodes({ url: server.url });
    t.after(() => nodes.dispose());
    const engine = await nodes.start();
    // Whatever there is before the first one.
    await ask(engine, 0);
    await admin.config("SET", "min-replicas-to-write", "1");
    const [requests] = nodes.clients;
    await Promise.all([
      ask(engine, 1),
      ask(engine, 2),
      requests?.config("SET", "min-replicas-to-write", "0"),
      ask(engine, 3),
      ask(engine, 4),
    ]);
    return engine;
  }

  it("is appended to a log in the order of the calls, with keys and without", async (t) => {
    for (const isKeyed of [false, true]) {
      const engine = await refusedAndNot(t, (of, value) => {
        const more = isKeyed ? { idempotency: { key: String(value), windowMs: 60_000 } } : {};
        return append(of, "room", value, more);
      });
      assert.deepEqual(await valuesOf(engine, "room"), [0, 1, 2, 3, 4]);
    }
  });

  it("is set in a state in the order of the calls, also behind a conflict", async (t) => {
    const engine = await refusedAndNot(t, async (of, value) => {
      const set = of.states.set("book", "key", value, value === 3 ? "other" : undefined);
      if (value === 3) await assert.rejects(set, { code: "conflict" });
      else await set;
    });
    const { entries } = await engine.states.snapshot("book", { limit: 1 });
    assert.equal(entries[0]?.value, 4);
  });

  it("is deleted from a state after it was set", async (t) => {
    const engine = await refusedAndNot(t, (of, value) =>
      value < 3 ? of.states.set("book", "key", value, undefined) : of.states.delete("book", "key", undefined),
    );
    assert.deepEqual((await engine.states.snapshot("book", { limit: 1 })).entries, []);
  });

  it("are frames in the order of the calls", async (t) => {
    const engine = await refusedAndNot(t, (of, value) =>
      of.media.append("film", { data: Uint8Array.of(value), isKey: value === 0 }, 1000),
    );
    const { newest } = await engine.media.tail("film", () => undefined);
    assert.deepEqual(
      newest.map(({ data }) => data[0]),
      [0, 1, 2, 3, 4],
    );
  });

  it("is refused as a whole where there is no memory: nothing is asked again", async (t) => {
    const nodes = new RedisNodes({ url: server.url });
    t.after(() => nodes.dispose());
    const engine = await nodes.start();
    await append(engine, "room", 0);
    await admin.config("SET", "maxmemory", "1");
    await admin.config("RESETSTAT");
    const asked = await Promise.allSettled(Array.from({ length: 50 }, () => append(engine, "room", 1)));
    await admin.config("SET", "maxmemory", "0");
    assert.ok(asked.every((one) => one.status === "rejected" && (one.reason as { code: string }).code === "full"));
    assert.match(await admin.info("commandstats"), /cmdstat_evalsha:calls=50,/u);
  });

  it("is not done when it was given up: its caller has gone on", async () => {
    const run = (writer: string, number: number, follows: number): Promise<unknown> =>
      admin.eval(
        appendScript.lua,
        ...[2, "{room}", "{room}:m", 0, "epoch", 60_000, number, `message ${String(number)}`, -1, -1, -1, 60_000],
        ...[60_000, writer, number, follows],
      );
    await run("wann", 1, 0);
    await assert.rejects(run("wann", 3, 2), /^ReplyError: OUTOFTURN/u);
    await run("wbob", 2, 0);
    await run("wann", 5, 0);
    await assert.rejects(run("wann", 4, 1), /^ReplyError: LATE/u);
    assert.equal(await admin.xlen("{room}:m"), 3);
    // Of processes that have ended, what they did last is forgotten at some time.
    await Promise.all(Array.from({ length: 250 }, (_, writer) => run(`w${String(writer)}`, 1, 0)));
    assert.ok((await admin.hlen("{room}")) < 120);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import { copyValue, memory, ValueError } from "#src/realtime/engines/index.js";
import { engineContract, FakeClock } from "#src/testing/index.js";
import { KilledProcesses } from "../killed.js";
import { createHost } from "../world.js";

const retain = { count: 1000, ageMs: 1_000_000, bytes: 1_000_000_000 };

async function started(engine: Engine, host = createHost()): Promise<Engine> {
  await engine.start(host);
  return engine;
}

describe("the memory engine", () => {
  for (const { name, isAboutRestarts, run } of engineContract) {
    if (!isAboutRestarts) it(name, () => run({ create: () => memory() }));
  }
});

for (const durability of ["process", "disk"] as const) {
  describe(`the memory engine with a journal (${durability})`, () => {
    for (const { name, run } of engineContract) {
      // So small that it is rewritten all the time.
      it(name, () => run(new KilledProcesses({ durability, minRewriteBytes: 200 })));
    }
  });
}

describe("the memory of the memory engine", () => {
  it("drops the oldest messages of all logs when it is full, and tells those who ask for them", async () => {
    const engine = await started(memory({ maxBytes: 100_000 }));
    const { end } = await engine.logs.bounds("a");
    for (let index = 0; index < 200; index++) {
      await engine.logs.append(index % 2 === 0 ? "a" : "b", { value: "x".repeat(1000), meta: {}, retain });
      assert.ok((engine.health().bytes ?? Number.NaN) <= 100_000);
    }
    const hole = await engine.logs.read("a", { after: end, limit: 10 });
    assert.ok(hole.status === "hole" && hole.reason === "retention");
    const [a, b] = await Promise.all(["a", "b"].map((name) => engine.logs.read(name, { limit: 1000 })));
    assert.ok(a?.status === "ok" && b?.status === "ok");
    assert.ok(Math.abs(a.entries.length - b.entries.length) <= 1, "both lose their oldest");
    await engine.close();
  });

  it("is given back entirely", async () => {
    const host = createHost();
    const engine = await started(memory(), host);
    const empty = engine.health().bytes ?? Number.NaN;
    const short = { count: 10, ageMs: 1000, bytes: 1000 };
    for (let index = 0; index < 50; index++) {
      await engine.logs.append("a", {
        value: "x",
        meta: { user: "u", key: "k" },
        retain: short,
        idempotency: { key: `k${String(index)}`, windowMs: 500 },
      });
      await engine.states.set("s", `k${String(index % 7)}`, "value", undefined);
    }
    for (let index = 0; index < 7; index++) await engine.states.delete("s", `k${String(index)}`, undefined);
    const claim = await engine.calls.claim({ key: "c", windowMs: 500 }, 100);
    assert.ok(claim.status === "claimed");
    await claim.complete({ ok: true, value: "x".repeat(100) });
    await engine.media.append("m", { data: new Uint8Array(100), isKey: true }, 1000);
    await engine.media.append("m", { data: new Uint8Array(10_000), isKey: false }, 20_000);
    await engine.media.append("m", { data: new Uint8Array(1), isKey: true }, 1000);
    const full = engine.health().bytes ?? Number.NaN;
    await host.clock.advance(5000);
    const left = engine.health().bytes ?? Number.NaN;
    // A log, a state and seven deletions are still known.
    assert.ok(left - empty < 3000 && left < full, `${String(empty)}, ${String(full)}, ${String(left)}`);
    await engine.close();
  });

  it("drops media that nobody hears before messages, and never what somebody hears", async () => {
    const engine = await started(memory({ maxBytes: 50_000 }));
    const frame = (isKey: boolean) => ({ data: new Uint8Array(4000), isKey });
    const framesOf = async (channel: string): Promise<number> => {
      const { newest, stop } = await engine.media.tail(channel, () => undefined);
      stop();
      return newest.length;
    };
    await engine.logs.append("log", { value: "x", meta: {}, retain });
    await engine.media.tail("heard", () => undefined);
    await engine.media.append("heard", frame(true), 100_000);
    for (let index = 0; index < 50; index++) {
      await engine.media.append(`over ${String(index)}`, frame(true), 100_000);
      await engine.states.set("s", `k${String(index)}`, "x".repeat(50), undefined);
    }
    assert.deepEqual(await Promise.all(["heard", "over 0", "over 49"].map(framesOf)), [1, 0, 1]);
    const log = await engine.logs.read("log", { limit: 1 });
    assert.ok(log.status === "ok" && log.entries.length === 1);
    // A group that is longer than all that there may be makes no room for itself.
    for (let index = 0; index < 20; index++) await engine.media.append("long", frame(index === 0), 100_000);
    assert.equal(await framesOf("long"), 0);
    assert.deepEqual(await engine.media.append("over 0", frame(true), 100_000), { group: 2, index: 0 });
    await engine.close();
  });

  it("forgets the media that nobody hears where there are too many, and counts on behind them", async () => {
    const engine = await started(memory({ maxChannels: 2 }));
    const append = async (channel: string): Promise<number> => {
      return (await engine.media.append(channel, { data: new Uint8Array(1), isKey: true }, 1000)).group;
    };
    await engine.media.tail("heard", () => undefined);
    const groups = [await append("heard"), await append("a"), await append("a"), await append("b"), await append("a")];
    assert.deepEqual(groups, [1, 1, 2, 3, 4]);
    assert.equal(await append("heard"), 2);
    await engine.media.tail("a", () => undefined);
    await assert.rejects(append("c"), { code: "full" });
    await engine.close();
  });

  it("refuses states beyond it, and keeps what there is", async () => {
    const engine = await started(memory({ maxBytes: 20_000 }));
    await engine.states.set("s", "a", "x".repeat(4000), undefined);
    await assert.rejects(engine.states.set("s", "b", "x".repeat(8000), undefined), { code: "full" });
    assert.equal((await engine.states.snapshot("s", { limit: 10 })).entries.length, 1);
    await engine.close();
  });

  it("forgets the log that was used longest ago, never one that is followed, and never in silence", async () => {
    const engine = await started(memory({ maxChannels: 3 }));
    const append = (name: string) => engine.logs.append(name, { value: name, meta: {}, retain });
    await engine.logs.tail("followed", { message: () => undefined, reset: () => undefined });
    const { position } = await append("first");
    await append("second");
    await append("third");
    const hole = await engine.logs.read("first", { after: "0", limit: 1 });
    assert.ok(hole.status === "hole" && hole.reason === "retention");
    // Nothing came after it; but nobody knows that any more.
    const after = await engine.logs.read("first", { after: position, limit: 1 });
    assert.equal(after.status, "ok");
    await append("fourth");
    const later = await engine.logs.read("first", { after: position, limit: 1 });
    assert.ok(later.status === "hole" && later.reason === "retention");
    await append("first");
    const all = await engine.logs.read("first", { limit: 10 });
    assert.ok(all.status === "ok" && all.entries.length === 1);
    await engine.close();
  });

  it("is started once", async () => {
    const engine = memory();
    assert.equal(engine.health().isAvailable, false);
    assert.throws(() => engine.logs, { code: "unavailable" });
    await started(engine);
    await assert.rejects(engine.start(createHost()), { code: "unavailable" });
    await engine.close();
    assert.throws(() => memory({ maxBytes: 0 }), RangeError);
  });

  it("takes no node for dead that it could not hear, since the process stood still", async () => {
    let isStill = false;
    const clock = new FakeClock({ lateByMs: () => (isStill ? 20_000 : 0) });
    const engine = memory();
    await engine.start(createHost(clock));
    const left: string[] = [];
    await engine.presence.watch("a", { came: () => undefined, left: (user) => left.push(user) });
    await engine.presence.beat("n", 7000);
    await engine.presence.put("n", "a", { user: "ann", state: null, connections: 1 });
    isStill = true;
    await clock.advance(1000);
    isStill = false;
    await clock.advance(21_500);
    // What it said meanwhile is heard only now.
    assert.equal(await engine.presence.beat("n", 7000), true);
    assert.deepEqual(left, []);
    await clock.advance(8000);
    assert.deepEqual(left, ["ann"]);
    await engine.close();
  });
});

describe("copied values", () => {
  it("are what both codecs have", () => {
    const when = new Date(0);
    const { value, bytes } = copyValue({ a: [1, , undefined], b: undefined, when, o: new Uint16Array([1]), n: null }); // eslint-disable-line no-sparse-arrays -- a hole is what is tested
    assert.deepEqual(value, { a: [1, null, null], when: when.toJSON(), o: Uint8Array.of(1, 0), n: null });
    assert.ok(bytes > 50);
  });

  it("keep a member called __proto__ as a member", () => {
    const { value } = copyValue(JSON.parse('{"__proto__":{"x":1}}'));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(JSON.stringify(value), '{"__proto__":{"x":1}}');
  });

  it("refuse what cannot be sent", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    for (const value of [Number.NaN, 1n, () => undefined, Symbol("s"), new Map(), loop]) {
      assert.throws(() => copyValue(value), ValueError);
    }
  });
});

/**
 * What engines promise of logs.
 */
import assert from "node:assert/strict";
import type { LogEntry } from "../../realtime/engines/index.js";
import { assertChained, type EngineCase, engineCase, everything } from "./world.js";

/** See the head of this file. */
export const logCases: readonly EngineCase[] = [
  engineCase("log: messages appended without waiting stand in the order of the calls, chained", async (world) => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => world.append("a", index)));
    const { entries, isEnd } = await world.read("a", { limit: 100 });
    assert.deepEqual(
      entries.map(({ value }) => value),
      Array.from({ length: 20 }, (_, index) => index),
    );
    assertChained(entries, entries[0]?.previous ?? "");
    assert.equal(isEnd, true);
  }),

  engineCase("log: each channel is a log of its own", async (world) => {
    await world.append("a", 1);
    await world.append("b", 2);
    const a = await world.read("a", { limit: 10 });
    assertChained(a.entries, (await world.engine.logs.bounds("a")).start);
    assert.deepEqual(await world.values("a"), [1]);
    assert.deepEqual(await world.values("b"), [2]);
    assert.deepEqual(await world.values("c"), []);
  }),

  engineCase("log: what is kept by count alone is kept, however old", async (world) => {
    const most = Number.MAX_SAFE_INTEGER;
    const retain = { count: 2, ageMs: most, bytes: most };
    for (const value of [1, 2, 3]) await world.append("a", value, { retain });
    assert.deepEqual(await world.values("a"), [2, 3]);
  }),

  engineCase("log: meta and values of every kind come back as they were", async (world) => {
    const value = { text: "é", list: [1, null, true, { $b: "x" }], octets: Uint8Array.of(0, 255), none: null };
    await world.append("a", value, { meta: { user: "ann", timeMs: 5.5, key: "k" } });
    const { entries } = await world.read("a", { limit: 1 });
    assert.deepEqual(entries[0]?.value, value);
    assert.deepEqual(entries[0]?.meta, { user: "ann", timeMs: 5.5, key: "k" });
  }),

  engineCase("log: what is appended is copied", async (world) => {
    const value = { list: [1] };
    const appending = world.append("a", value);
    value.list.push(2);
    await appending;
    assert.deepEqual(await world.values("a"), [{ list: [1] }]);
  }),

  engineCase("log: a tail gets every message after its position once, in order", async (world) => {
    await world.append("a", "before");
    const tail = await world.follow("a");
    await Promise.all(Array.from({ length: 10 }, (_, index) => world.append("a", index)));
    await world.settle();
    const seen = tail.entries.filter(({ value }) => value !== "before");
    assert.deepEqual(
      seen.map(({ value }) => value),
      Array.from({ length: 10 }, (_, index) => index),
    );
    assertChained(tail.entries, tail.position);
    tail.stop();
    await world.append("a", "after");
    await world.settle();
    assert.equal(tail.entries.at(-1)?.value, 9);
  }),

  engineCase("log: a tail that begins amid appending joins what is read before its position", async (world) => {
    const appending = Array.from({ length: 5 }, (_, index) => world.append("a", index));
    const tail = await world.follow("a");
    const more = Array.from({ length: 5 }, (_, index) => world.append("a", 5 + index));
    await Promise.all([...appending, ...more]);
    await world.settle();
    const { entries } = await world.read("a", { limit: 100 });
    const older: LogEntry[] = [];
    for (const entry of entries) {
      if (entry.previous === tail.position) break;
      older.push(entry);
    }
    const joined = [...older, ...tail.entries].map(({ value }) => value);
    assert.deepEqual(
      joined,
      Array.from({ length: 10 }, (_, index) => index),
    );
  }),

  engineCase("log: reading page by page after a position leaves nothing out", async (world) => {
    const { end } = await world.engine.logs.bounds("a");
    for (let index = 0; index < 25; index++) await world.append("a", index);
    const all: LogEntry[] = [];
    for (let position = end, isEnd = false; !isEnd; ) {
      const page = await world.read("a", { after: position, limit: 10 });
      assert.ok(page.entries.length <= 10);
      all.push(...page.entries);
      position = all.at(-1)?.position ?? position;
      isEnd = page.isEnd;
    }
    assertChained(all, end);
    assert.equal(all.length, 25);
  }),

  engineCase("log: a page ends early at maxBytes, but not before its first message", async (world) => {
    const { end } = await world.engine.logs.bounds("a");
    for (let index = 0; index < 3; index++) await world.append("a", "x".repeat(1000));
    const page = await world.read("a", { after: end, limit: 10, maxBytes: 10 });
    assert.equal(page.entries.length, 1);
    assert.equal(page.isEnd, false);
  }),

  engineCase("log: what stands before a position is read newest first, oldest in front", async (world) => {
    for (let index = 0; index < 10; index++) await world.append("a", index);
    const last = await world.read("a", { limit: 3 });
    assert.deepEqual(
      last.entries.map(({ value }) => value),
      [7, 8, 9],
    );
    assert.equal(last.isEnd, false);
    const before = last.entries[0]?.position;
    const rest = await world.read("a", { before, limit: 100 });
    assert.deepEqual(
      rest.entries.map(({ value }) => value),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.equal(rest.isEnd, true);
  }),

  engineCase("log: the position of a log without messages holds when there are some", async (world) => {
    const { end, start, epoch } = await world.engine.logs.bounds("a");
    assert.equal(start, end);
    assert.deepEqual((await world.read("a", { after: end, limit: 10 })).entries, []);
    const tail = await world.follow("a");
    assert.equal(tail.position, end);
    await world.append("a", 1);
    await world.settle();
    assertChained(tail.entries, end);
    assert.equal((await world.read("a", { after: end, limit: 10 })).entries.length, 1);
    assert.equal((await world.engine.logs.bounds("a")).epoch, epoch);
  }),

  engineCase("log: beyond the count, the oldest are gone, and who asks for them is told", async (world) => {
    const { end } = await world.engine.logs.bounds("a");
    const retain = { ...everything, count: 3 };
    const positions: string[] = [];
    for (let index = 0; index < 5; index++) positions.push(await world.append("a", index, { retain }));
    assert.deepEqual(await world.values("a"), [2, 3, 4]);
    for (const after of [end, positions[0] ?? ""]) {
      const hole = await world.engine.logs.read("a", { after, limit: 10 });
      assert.equal(hole.status, "hole");
      assert.ok(hole.status === "hole" && hole.reason === "retention");
      const rest = await world.read("a", { after: hole.bounds.start, limit: 10 });
      assert.equal(rest.entries.length, 3);
      assert.equal(hole.bounds.end, positions[4]);
    }
    assert.equal((await world.read("a", { after: positions[1] ?? "", limit: 10 })).entries.length, 3);
  }),

  engineCase("log: what is too old is gone, whether or not anybody looks", async (world) => {
    const retain = { ...everything, ageMs: 1000 };
    const first = await world.append("a", 1, { retain });
    await world.clock.advance(600);
    await world.append("a", 2, { retain });
    await world.clock.advance(600);
    assert.deepEqual(await world.values("a"), [2]);
    assert.equal((await world.read("a", { after: first, limit: 10 })).entries.length, 1);
    await world.clock.advance(600);
    assert.deepEqual(await world.values("a"), []);
    const { end } = await world.engine.logs.bounds("a");
    assert.deepEqual((await world.read("a", { after: end, limit: 10 })).entries, []);
    const hole = await world.engine.logs.read("a", { after: first, limit: 10 });
    assert.ok(hole.status === "hole" && hole.reason === "retention");
  }),

  engineCase("log: beyond the octets, the oldest are gone", async (world) => {
    const retain = { ...everything, bytes: 10_000 };
    for (let index = 0; index < 20; index++) await world.append("a", `${String(index)}${"x".repeat(1000)}`, { retain });
    const values = await world.values("a");
    assert.ok(values.length >= 2 && values.length <= 10, `${String(values.length)} are kept`);
    assert.ok(String(values.at(-1)).startsWith("19"));
  }),

  engineCase("log: a position that never was is told apart", async (world) => {
    await world.append("a", 1);
    for (const after of ["no position", "", "999999999", "-1", "1e3"]) {
      const hole = await world.engine.logs.read("a", { after, limit: 10 });
      assert.ok(hole.status === "hole" && hole.reason === "unknown-position", after);
    }
  }),

  engineCase("log: a key appends once within its window, and again after it", async (world) => {
    const idempotency = { key: "k", windowMs: 10_000 };
    const tail = await world.follow("a");
    const append = { value: 1, meta: {}, retain: everything, idempotency };
    const both = await Promise.all([world.engine.logs.append("a", append), world.engine.logs.append("a", append)]);
    await world.clock.advance(9000);
    const third = await world.engine.logs.append("a", append);
    assert.deepEqual(
      [...both, third].map(({ isDuplicate }) => isDuplicate),
      [false, true, true],
    );
    assert.equal(new Set([...both, third].map(({ position }) => position)).size, 1);
    assert.equal(tail.entries.length, 1);
    await world.engine.logs.append("b", append);
    assert.deepEqual(await world.values("b"), [1]);
    await world.clock.advance(2000);
    assert.equal((await world.engine.logs.append("a", append)).isDuplicate, false);
  }),

  engineCase(
    "log: after a restart, all that was acknowledged is there, chained, in the same epoch",
    async (world) => {
      const before = await world.engine.logs.bounds("a");
      const positions: string[] = [];
      for (let index = 0; index < 10; index++) positions.push(await world.append("a", { index, o: Uint8Array.of(1) }));
      await world.restart();
      const { entries } = await world.read("a", { after: before.end, limit: 100 });
      assert.deepEqual(
        entries.map(({ position }) => position),
        positions,
      );
      assert.deepEqual(entries[9]?.value, { index: 9, o: Uint8Array.of(1) });
      assert.equal((await world.engine.logs.bounds("a")).epoch, before.epoch);
      const next = await world.append("a", "next");
      assert.ok(!positions.includes(next));
      assertChained((await world.read("a", { after: before.end, limit: 100 })).entries, before.end);
    },
    true,
  ),

  engineCase(
    "log: after a restart, keys are remembered and what is past is gone",
    async (world) => {
      const idempotency = { key: "k", windowMs: 10_000 };
      const retain = { ...everything, count: 2 };
      for (let index = 0; index < 4; index++) await world.append("a", index, { retain });
      const first = await world.append("b", 1, { idempotency });
      const old = await world.append("c", 1, { retain: { ...everything, ageMs: 100 } });
      await world.clock.advance(200);
      await world.restart();
      assert.deepEqual(await world.values("a"), [2, 3]);
      assert.equal(await world.append("b", 1, { idempotency }), first);
      assert.deepEqual(await world.values("c"), []);
      const { end } = await world.engine.logs.bounds("c");
      assert.equal(end, old);
    },
    true,
  ),
];

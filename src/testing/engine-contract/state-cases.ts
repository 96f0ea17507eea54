/**
 * What engines promise of states.
 */
import assert from "node:assert/strict";
import type { Engine, StateChange } from "../../realtime/engines/index.js";
import { assertRefused, type EngineCase, engineCase } from "./world.js";

async function snapshotOf(engine: Engine, channel: string, limit: number = 1000): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  let cursor: string | undefined;
  do {
    const page = await engine.states.snapshot(channel, { cursor, limit });
    assert.ok(page.entries.length <= limit);
    for (const { key, value } of page.entries) {
      assert.ok(!values.has(key), `${key} is in two pages`);
      values.set(key, value);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return values;
}

async function watched(engine: Engine, channel: string): Promise<{ changes: StateChange[]; position: string }> {
  const changes: StateChange[] = [];
  const { position } = await engine.states.watch(channel, {
    changed: (change) => changes.push(change),
    reset: () => assert.fail("the watch was reset"),
  });
  return { changes, position };
}

/** See the head of this file. */
export const stateCases: readonly EngineCase[] = [
  engineCase("state: what is set is there, newest last, and what is deleted is not", async ({ engine }) => {
    await engine.states.set("a", "x", 1, undefined);
    await engine.states.set("a", "y", { deep: [Uint8Array.of(1)] }, undefined);
    await engine.states.set("a", "x", 2, undefined);
    await engine.states.set("a", "z", 3, undefined);
    await engine.states.delete("a", "z", undefined);
    assert.deepEqual(
      await snapshotOf(engine, "a"),
      new Map<string, unknown>([
        ["y", { deep: [Uint8Array.of(1)] }],
        ["x", 2],
      ]),
    );
    assert.deepEqual(await snapshotOf(engine, "b"), new Map());
  }),

  engineCase("state: many keys that are set and deleted at once are so in order", async (world) => {
    const { engine } = world;
    // An engine need not be able to.
    if (engine.states.setMany === undefined) return;
    await engine.states.set("a", "x", 0, undefined);
    const { changes } = await watched(engine, "a");
    const octets = Uint8Array.of(1);
    const setting = engine.states.setMany(
      "a",
      [
        ["y", octets],
        ["x", 1],
        ["y", octets],
        ["z", 3],
      ],
      ["x", "never"],
    );
    octets[0] = 9;
    await setting;
    await world.settle();
    const values = await snapshotOf(engine, "a");
    assert.deepEqual(
      values,
      new Map<string, unknown>([
        ["y", Uint8Array.of(1)],
        ["z", 3],
      ]),
    );
    const told = new Map(changes.map(({ key, entry }) => [key, entry?.value]));
    assert.deepEqual(
      told,
      new Map<string, unknown>([
        ["y", Uint8Array.of(1)],
        ["x", undefined],
        ["z", 3],
      ]),
    );
    await assert.rejects(
      engine.states.setMany(
        "a",
        [
          ["y", 2],
          ["z", 4n],
        ],
        [],
      ),
      { code: "invalid-value" },
    );
    assert.deepEqual(await snapshotOf(engine, "a"), values);
  }),
  engineCase("state: set and delete compare revisions, and of two at once one wins", async ({ engine }) => {
    const first = await engine.states.set("a", "x", 1, null);
    const conflict = await assertRefused(engine.states.set("a", "x", 2, null), "conflict");
    assert.deepEqual(conflict.current, { value: 1, revision: first });
    const both = await Promise.allSettled([
      engine.states.set("a", "x", 2, first),
      engine.states.set("a", "x", 3, first),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    await assertRefused(engine.states.delete("a", "x", first), "conflict");
    const second = both[0]?.status === "fulfilled" ? both[0].value : "";
    await engine.states.delete("a", "x", second);
    const gone = await assertRefused(engine.states.set("a", "x", 4, second), "conflict");
    assert.deepEqual(gone.current, { revision: null });
    await engine.states.set("a", "x", 4, null);
    assert.deepEqual([...(await snapshotOf(engine, "a")).values()], [4]);
  }),

  engineCase("state: deleting what is not there changes nothing", async (world) => {
    const { changes } = await watched(world.engine, "a");
    const { position } = await world.engine.states.snapshot("a", { limit: 1 });
    assert.equal(await world.engine.states.delete("a", "x", undefined), position);
    await world.settle();
    assert.deepEqual(changes, []);
  }),

  engineCase("state: a watch gets every change in order, chained", async (world) => {
    const { engine } = world;
    await engine.states.set("a", "x", 0, undefined);
    const watch = await watched(engine, "a");
    for (let index = 1; index <= 5; index++) await engine.states.set("a", "x", index, undefined);
    await engine.states.delete("a", "x", undefined);
    await world.settle();
    assert.deepEqual(
      watch.changes.map(({ entry }) => entry?.value),
      [1, 2, 3, 4, 5, undefined],
    );
    let position = watch.position;
    for (const change of watch.changes) {
      assert.equal(change.previous, position);
      assert.equal(change.entry?.revision ?? change.position, change.position);
      position = change.position;
    }
  }),

  engineCase("state: a snapshot page by page, with what changes meanwhile, is the newest state", async (world) => {
    const { engine } = world;
    for (let index = 0; index < 30; index++) await engine.states.set("a", `k${String(index)}`, index, undefined);
    const values = new Map<string, unknown>();
    let start: { epoch: string; position: string } | undefined;
    let cursor: string | undefined;
    for (let page = 0; page === 0 || cursor !== undefined; page++) {
      const { entries, cursor: next, ...rest } = await engine.states.snapshot("a", { cursor, limit: 7 });
      start ??= rest;
      assert.equal(rest.position, start.position);
      for (const { key, value } of entries) values.set(key, value);
      cursor = next;
      await engine.states.set("a", `k${String(page * 5)}`, "changed", undefined);
      await engine.states.delete("a", `k${String(page * 5 + 1)}`, undefined);
      await engine.states.set("a", `new${String(page)}`, page, undefined);
    }
    const delta = await engine.states.changesSince("a", start?.epoch ?? "", start?.position ?? "");
    assert.ok(delta !== undefined);
    for (const { key, value } of delta.entries) values.set(key, value);
    for (const key of delta.deleted) values.delete(key);
    const now = await snapshotOf(engine, "a");
    assert.deepEqual(new Map([...values].sort()), new Map([...now].sort()));
  }),

  engineCase("state: what has changed since a position is told, each key once", async ({ engine }) => {
    await engine.states.set("a", "x", 1, undefined);
    const { epoch, position } = await engine.states.snapshot("a", { limit: 1 });
    assert.deepEqual((await engine.states.changesSince("a", epoch, position))?.entries, []);
    await engine.states.set("a", "y", 1, undefined);
    await engine.states.set("a", "y", 2, undefined);
    await engine.states.delete("a", "x", undefined);
    const delta = await engine.states.changesSince("a", epoch, position);
    assert.deepEqual(
      delta?.entries.map(({ key, value }) => [key, value]),
      [["y", 2]],
    );
    assert.deepEqual(delta?.deleted, ["x"]);
    assert.deepEqual((await engine.states.changesSince("a", epoch, delta?.position ?? ""))?.deleted, []);
    assert.equal(await engine.states.changesSince("a", "another epoch", position), undefined);
    assert.equal(await engine.states.changesSince("a", epoch, "no position"), undefined);
    assert.equal(await engine.states.changesSince("a", epoch, "999999999"), undefined);
  }),

  engineCase(
    "state: after a restart, values, revisions and deletions are as they were",
    async (world) => {
      await world.engine.states.set("a", "x", 1, undefined);
      const before = await world.engine.states.snapshot("a", { limit: 10 });
      const revision = await world.engine.states.set("a", "y", Uint8Array.of(7), undefined);
      await world.engine.states.delete("a", "x", undefined);
      await world.restart();
      const { engine } = world;
      assert.deepEqual(await snapshotOf(engine, "a"), new Map([["y", Uint8Array.of(7)]]));
      const delta = await engine.states.changesSince("a", before.epoch, before.position);
      assert.deepEqual(delta?.deleted, ["x"]);
      assert.notEqual(await engine.states.set("a", "y", 8, revision), revision);
    },
    true,
  ),
];

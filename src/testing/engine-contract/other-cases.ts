/**
 * What engines promise of signals, media, calls and presence, and of their end.
 */
import assert from "node:assert/strict";
import type { CallClaim, Engine, MediaFrame, Presence } from "../../realtime/engines/index.js";
import { assertRefused, type EngineCase, engineCase } from "./world.js";

type Claimed = Extract<CallClaim, { status: "claimed" }>;

const window = { key: "call", windowMs: 10_000 };

async function claimed(engine: Engine): Promise<Claimed> {
  const claim = await engine.calls.claim(window, 1000);
  assert.equal(claim.status, "claimed");
  return claim;
}

function append(engine: Engine, octet: number, isKey: boolean, bytesMax: number = 1000) {
  return engine.media.append("a", { data: Uint8Array.of(octet), isKey, timeMs: octet }, bytesMax);
}

const fleetingCases: readonly EngineCase[] = [
  engineCase("signal: whoever listens hears, in order, until they stop", async (world) => {
    const heard: unknown[] = [];
    const { stop } = await world.engine.signals.listen("a", (signal) => heard.push(signal));
    await world.engine.signals.send("a", { value: 1, user: "ann" });
    await world.engine.signals.send("b", { value: 2, user: undefined });
    await world.engine.signals.send("a", { value: 3, user: undefined });
    await world.settle();
    stop();
    await world.engine.signals.send("a", { value: 4, user: undefined });
    await world.settle();
    assert.deepEqual(heard, [
      { value: 1, user: "ann" },
      { value: 3, user: undefined },
    ]);
  }),

  engineCase("media: who comes later begins with the key frame of the newest group", async (world) => {
    const { engine } = world;
    await assertRefused(append(engine, 0, false), "no-key-frame");
    await append(engine, 1, true);
    await append(engine, 2, false);
    assert.deepEqual(await append(engine, 3, true), { group: 2, index: 0 });
    assert.deepEqual(await append(engine, 4, false), { group: 2, index: 1 });
    const frames: MediaFrame[] = [];
    const { newest, stop } = await engine.media.tail("a", (frame) => frames.push(frame));
    await append(engine, 5, false);
    await append(engine, 6, true);
    await world.settle();
    stop();
    await append(engine, 7, false);
    assert.deepEqual(
      [...newest, ...frames].map(({ group, index, data, timeMs }) => [group, index, data[0], timeMs]),
      [
        [2, 0, 3, 3],
        [2, 1, 4, 4],
        [2, 2, 5, 5],
        [3, 0, 6, 6],
      ],
    );
  }),

  engineCase("media: what its publisher calls a group comes with its key frame", async (world) => {
    const { media } = world.engine;
    const from = { publisher: '["ann\té",null]', number: 17 };
    const frames: MediaFrame[] = [];
    const early = await media.tail("a", (frame) => frames.push(frame));
    await media.append("a", { data: Uint8Array.of(1), isKey: true, from, timeMs: 5 }, 1000);
    await media.append("a", { data: Uint8Array.of(2), isKey: false, from }, 1000);
    await world.settle();
    const late = await media.tail("a", () => undefined);
    await append(world.engine, 3, true);
    await world.settle();
    for (const stop of [early.stop, late.stop]) stop();
    assert.deepEqual(
      [...late.newest, ...frames].map(({ data, from: told, timeMs }) => [data[0], told, timeMs]),
      [
        [1, from, 5],
        [2, undefined, undefined],
        [1, from, 5],
        [2, undefined, undefined],
        [3, undefined, 3],
      ],
    );
  }),

  engineCase("media: a group that would be too long is over, until a key frame", async ({ engine }) => {
    await append(engine, 0, true, 2);
    await append(engine, 1, false, 2);
    await assertRefused(append(engine, 2, false, 2), "too-large");
    // A hole would be nothing that can be shown.
    await assertRefused(append(engine, 3, false, 1000), "too-large");
    await assertRefused(append(engine, 4, true, 0), "too-large");
    const late = await engine.media.tail("a", () => undefined);
    assert.deepEqual(
      late.newest.map(({ group, index }) => [group, index]),
      [
        [1, 0],
        [1, 1],
      ],
    );
    assert.deepEqual(await append(engine, 5, true, 2), { group: 2, index: 0 });
  }),

  engineCase("media: of two who append, the one that began a group last goes on", async ({ engine }) => {
    const goOn = (group: number) => engine.media.append("a", { data: Uint8Array.of(1), isKey: false, group }, 1000);
    const { group: first } = await append(engine, 1, true);
    await goOn(first);
    const { group: second } = await append(engine, 1, true);
    await assertRefused(goOn(first), "conflict");
    assert.deepEqual(await goOn(second), { group: second, index: 1 });
  }),
];

const callCases: readonly EngineCase[] = [
  engineCase("call: of many who claim a key at once, one gets it, and all get what it came to", async (world) => {
    const { engine } = world;
    const claims = await Promise.all(Array.from({ length: 5 }, () => engine.calls.claim(window, 1000)));
    const mine = claims.filter((claim) => claim.status === "claimed");
    assert.equal(mine.length, 1);
    const waiting = claims.map(async (claim) => (claim.status === "running" ? await claim.outcome : undefined));
    assert.equal(await mine[0]?.complete({ ok: true, value: { answer: 42 } }), true);
    const outcomes = (await Promise.all(waiting)).filter((outcome) => outcome !== undefined);
    assert.deepEqual(
      outcomes,
      Array.from({ length: 4 }, () => ({ ok: true, value: { answer: 42 } })),
    );
    const later = await engine.calls.claim(window, 1000);
    assert.ok(later.status === "done" && later.outcome.ok);
    await world.clock.advance(11_000);
    assert.equal((await engine.calls.claim(window, 1000)).status, "claimed");
  }),

  engineCase("call: an error is an outcome like any other", async ({ engine }) => {
    await (await claimed(engine)).complete({ ok: false, error: { code: "no" } });
    const later = await engine.calls.claim(window, 1000);
    assert.deepEqual(later, { status: "done", outcome: { ok: false, error: { code: "no" } } });
  }),

  engineCase("call: what is given up can be claimed again", async ({ engine }) => {
    const mine = await claimed(engine);
    const other = await engine.calls.claim(window, 1000);
    await mine.release();
    assert.ok(other.status === "running");
    assert.equal(await other.outcome, undefined);
    await claimed(engine);
  }),

  engineCase("call: a claim that is not renewed is lost, and what comes of it is not kept", async (world) => {
    const mine = await claimed(world.engine);
    await world.clock.advance(800);
    assert.equal(await mine.renew(), true);
    await world.clock.advance(800);
    assert.equal((await world.engine.calls.claim(window, 1000)).status, "running");
    await world.clock.advance(2000);
    const other = await claimed(world.engine);
    assert.equal(await mine.renew(), false);
    assert.equal(await mine.complete({ ok: true, value: "late" }), false);
    await mine.release();
    assert.equal(await other.complete({ ok: true, value: "new" }), true);
  }),

  engineCase(
    "call: after a restart, what was acknowledged is answered again",
    async (world) => {
      await (await claimed(world.engine)).complete({ ok: true, value: 1 });
      await world.restart();
      const later = await world.engine.calls.claim(window, 1000);
      assert.deepEqual(later, { status: "done", outcome: { ok: true, value: 1 } });
    },
    true,
  ),
];

const presenceCases: readonly EngineCase[] = [
  engineCase(
    "presence: users are told once however many nodes they are at, with all their connections",
    async (world) => {
      const { presence } = world.engine;
      const events: unknown[] = [];
      await presence.beat("n1", 60_000);
      await presence.beat("n2", 60_000);
      await presence.watch("a", {
        came: (who, count) => events.push(["came", who.user, who.state, who.connections, count]),
        left: (user, count) => events.push(["left", user, count]),
      });
      await presence.put("n1", "a", { user: "ann", state: 1, connections: 1 });
      await presence.put("n2", "a", { user: "ann", state: 2, connections: 2 });
      await presence.put("n1", "a", { user: "bob", state: null, connections: 1 });
      await presence.put("n2", "a", { user: "ann", state: null, connections: 0 });
      await presence.put("n1", "a", { user: "ann", state: null, connections: 0 });
      await world.settle();
      assert.deepEqual(events, [
        ["came", "ann", 1, 1, 1],
        ["came", "ann", 2, 3, 1],
        ["came", "bob", null, 1, 2],
        ["came", "ann", 1, 1, 2],
        ["left", "ann", 1],
      ]);
      assert.deepEqual(await presence.list("a", 10), {
        count: 1,
        users: [{ user: "bob", state: null, connections: 1 }],
      });
    },
  ),

  engineCase("presence: a list has as many as asked for, and counts all", async ({ engine }) => {
    await engine.presence.beat("n1", 60_000);
    for (const user of ["a", "b", "c"]) await engine.presence.put("n1", "x", { user, state: null, connections: 1 });
    const { count, users } = await engine.presence.list("x", 2);
    assert.equal(count, 3);
    assert.equal(users.length, 2);
  }),

  engineCase("presence: whoever begins to watch as another stops is told", async (world) => {
    const { presence } = world.engine;
    await presence.beat("n1", 60_000);
    const told: string[] = [];
    const sink = { came: ({ user }: Presence) => told.push(user), left: (user: string) => told.push(`-${user}`) };
    const first = await presence.watch("a", { came: () => undefined, left: () => undefined });
    const stopped = Promise.resolve().then(() => first.stop());
    const { stop } = await presence.watch("a", sink);
    await stopped;
    await presence.put("n1", "a", { user: "ann", state: null, connections: 1 });
    await world.settle();
    stop();
    stop();
    await presence.put("n1", "a", { user: "bob", state: null, connections: 1 });
    await world.settle();
    assert.deepEqual(told, ["ann"]);
    assert.equal((await presence.list("a", 10)).count, 2);
  }),

  engineCase("presence: a node that does not beat is forgotten as a whole", async (world) => {
    const { presence } = world.engine;
    const left: string[] = [];
    await presence.watch("a", { came: () => undefined, left: (user) => left.push(user) });
    await presence.beat("n1", 5000);
    await presence.beat("n2", 5000);
    await presence.put("n1", "a", { user: "ann", state: null, connections: 1 });
    await presence.put("n2", "a", { user: "bob", state: null, connections: 1 });
    await world.clock.advance(4000);
    await presence.beat("n2", 5000);
    assert.deepEqual(left, []);
    await world.clock.advance(3500);
    await world.until(() => left.length > 0);
    assert.deepEqual(left, ["ann"]);
    assert.equal(await presence.beat("n1", 5000), false);
    assert.equal(await presence.beat("n2", 5000), true);
    await presence.dropNode("n2");
    await world.settle();
    assert.deepEqual(left, ["ann", "bob"]);
    assert.equal((await presence.list("a", 10)).count, 0);
  }),
];

/** See the head of this file. */
export const otherCases: readonly EngineCase[] = [
  ...fleetingCases,
  ...callCases,
  ...presenceCases,
  engineCase("an engine that was closed refuses everything, and says so", async (world) => {
    const { engine } = world;
    assert.equal(engine.health().isAvailable, true);
    await engine.close();
    assert.equal(engine.health().isAvailable, false);
    await assertRefused(world.append("a", 1), "closed");
    await assertRefused(engine.logs.read("a", { limit: 1 }), "closed");
    await assertRefused(engine.states.set("a", "k", 1, undefined), "closed");
    await assertRefused(engine.signals.send("a", { value: 1, user: undefined }), "closed");
    await assertRefused(engine.calls.claim(window, 1), "closed");
  }),
];

/**
 * What befalls a server: it is killed and started again, stands still, or is full.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, realHost } from "../world.js";
import { again, appendAgain, type FaultWorld, keyed, startNodes, startServer, turn, valuesOf } from "./world.js";

/** Appends one after the other, each until it stands, until it is told to stop. */
class Publisher {
  readonly acknowledged: string[] = [];
  readonly heard = new Recorder<string>();
  readonly #running: Promise<void>;
  #isStopped = false;

  constructor(engine: Engine, channel: string, name: string) {
    this.#running = this.#run(engine, channel, name);
  }

  async #run(engine: Engine, channel: string, name: string): Promise<void> {
    for (let index = 0; !this.#isStopped; index++) {
      const value = `${name}${String(index)}`;
      await appendAgain(engine, channel, value);
      this.acknowledged.push(value);
      this.heard.add(value);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }
}

/** Declares the tests. */
export function serverFaults(world: FaultWorld): void {
  const options = { skip: world.skip, timeout: 90_000 };

  describe(`a ${world.name} server that is killed and started again`, options, () => {
    it("has all that it acknowledged, and nodes go on with it", async (t) => {
      const server = await startServer(t, world, "kept");
      const nodes = startNodes(t, server, { timeoutMs: 500 });
      const [{ engine: a }, { engine: b }] = await Promise.all([nodes.start(), nodes.start()]);
      const [log, state] = [await FollowedLog.of(b, "room"), await FollowedState.of(b, "book")];
      const { epoch, end } = await a.logs.bounds("room");
      const positions: string[] = [];
      for (let index = 0; index < 20; index++) positions.push(await append(a, "room", index));
      const revision = await a.states.set("book", "x", 1, null);
      const claim = await a.calls.claim({ key: "order", windowMs: 60_000 }, 60_000);
      assert.ok(claim.status === "claimed" && (await claim.complete({ ok: true, value: "done" })));
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
      const known = await b.calls.claim({ key: "order", windowMs: 60_000 }, 60_000);
      assert.deepEqual(known, { status: "done", outcome: { ok: true, value: "done" } });
    });

    it("amid publishers of several nodes, twice: what was acknowledged stands once, in the order of each", async (t) => {
      const server = await startServer(t, world, "kept");
      const nodes = startNodes(t, server, { timeoutMs: 500 });
      const engines = await Promise.all([nodes.start(), nodes.start(), nodes.start()]);
      const [a, b, c] = engines.map(({ engine }) => engine) as [Engine, Engine, Engine];
      const log = await FollowedLog.of(c, "room");
      const publishers = [new Publisher(a, "room", "a"), new Publisher(a, "room", "b"), new Publisher(b, "room", "c")];
      for (let kill = 1; kill <= 2; kill++) {
        await Promise.all(publishers.map(({ heard }) => heard.until(({ length }) => length >= 15 * kill)));
        await server.kill();
        await server.resume();
      }
      await Promise.all(publishers.map(({ heard }) => heard.until(({ length }) => length >= 45)));
      await Promise.all(publishers.map((publisher) => publisher.stop()));
      await append(b, "room", "last");
      await log.has("last");
      log.assertChained();
      assert.deepEqual(log.resets.items, []);
      const values = await valuesOf(a, "room");
      assert.deepEqual(log.values, values);
      for (const [index, { acknowledged }] of publishers.entries()) {
        const name = "abc"[index] ?? "";
        assert.deepEqual(
          values.filter((value) => String(value).startsWith(name)),
          acknowledged,
        );
      }
    });

    it("begins a new epoch where it kept nothing, which those who follow are told", async (t) => {
      const server = await startServer(t, world, "forgetful");
      const nodes = startNodes(t, server, { timeoutMs: 500, auditIntervalMs: 50 });
      const { engine } = await nodes.start();
      const log = await FollowedLog.of(engine, "room");
      const state = await FollowedState.of(engine, "book");
      for (let index = 0; index < 5; index++) await append(engine, "room", index);
      await engine.states.set("book", "x", 1, null);
      const { position: start } = log;
      const { epoch } = await engine.logs.bounds("room");
      await server.kill();
      await server.resume();
      await Promise.all([
        log.resets.until(({ length }) => length === 1),
        state.resets.until(({ length }) => length === 1),
      ]);
      const [reason, bounds] = log.resets.items[0] ?? [];
      assert.equal(reason, "epoch");
      assert.equal(bounds?.end, start);
      assert.notEqual(bounds.epoch, epoch);
      await append(engine, "room", "new");
      await log.has("new");
      assert.equal(log.entries.items.at(-1)?.previous, start);
      await engine.states.set("book", "y", 2, null);
      await state.changes.until((changes) => changes.at(-1)?.key === "y");
    });

    it("has presence told anew by nodes that live where it kept nothing", async (t) => {
      const server = await startServer(t, world, "forgetful");
      const nodes = startNodes(t, server, { timeoutMs: 500, auditIntervalMs: 50 });
      const [{ engine: a }, { engine: b }] = await Promise.all([nodes.start(), nodes.start()]);
      const events = new Recorder<string>();
      // So many that places of the new server are far below.
      for (let beat = 0; beat < 30; beat++) await a.presence.beat("na", 60_000);
      await b.presence.watch("room", {
        came: ({ user }) => events.add(`+${user}`),
        left: (user) => events.add(`-${user}`),
      });
      await a.presence.put("na", "room", { user: "ann", state: null, connections: 1 });
      await events.until(({ length }) => length === 1);
      const log = await FollowedLog.of(a, "room");
      await append(a, "room", 1);
      await server.kill();
      await server.resume();
      await Promise.all([
        log.resets.until(({ length }) => length === 1),
        events.until((items) => items.at(-1) === "-ann"),
      ]);
      assert.equal(await again(() => a.presence.beat("na", 60_000)), false);
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

  describe(`a ${world.name} server that stands still and goes on`, options, () => {
    it("has done what it acknowledges, once; and nobody was taken for dead meanwhile", async (t) => {
      const server = await startServer(t, world, "forgetful");
      const nodes = startNodes(t, server, { timeoutMs: 20_000 });
      const [{ engine: a }, { engine: b }] = await Promise.all([nodes.start(), nodes.start()]);
      const events = new Recorder<string>();
      const ttlMs = 2000;
      await a.presence.beat("n", ttlMs);
      await a.presence.put("n", "room", { user: "ann", state: null, connections: 1 });
      await b.presence.watch("room", {
        came: ({ user }) => events.add(`+${user}`),
        left: (user) => events.add(`-${user}`),
      });
      const log = await FollowedLog.of(b, "room");
      // As servers do: by what is not answered they see that nobody can be heard. Each node has its own.
      const beating = setInterval(() => {
        a.presence.beat("n", ttlMs).catch(() => undefined);
        b.presence.beat("other", ttlMs).catch(() => undefined);
      }, ttlMs / 5);
      t.after(() => clearInterval(beating));
      await server.pause();
      const waiting = [1, 2, 3].map((value) => append(a, "room", value, keyed(value)));
      // For longer than the beat holds.
      await new Promise<void>((resolve) => {
        realHost().setTimer(resolve, ttlMs + 300);
      });
      server.unpause();
      await Promise.all(waiting);
      assert.equal(await a.presence.beat("n", ttlMs), true);
      clearInterval(beating);
      assert.deepEqual(
        events.items.filter((event) => event.startsWith("-")),
        [],
      );
      await log.has(3);
      assert.deepEqual(log.values, [1, 2, 3]);
      log.assertChained();
      // And for as long as it lives, however it is looked at; then it is gone by itself.
      await events.until((items) => items.includes("-ann"));
    });

    it("does not answer in time: what is asked is unavailable, and it goes on as if nothing had been", async (t) => {
      const server = await startServer(t, world, "forgetful");
      const nodes = startNodes(t, server, { timeoutMs: 300 });
      const { engine } = await nodes.start();
      await append(engine, "room", "before");
      const log = await FollowedLog.of(engine, "room");
      assert.equal(engine.health().reason, undefined);
      await server.pause();
      const unavailable = { name: "EngineError", code: "unavailable" };
      await Promise.all([
        assert.rejects(append(engine, "room", "once", keyed("once")), unavailable),
        assert.rejects(engine.states.set("book", "x", 1, undefined), unavailable),
        assert.rejects(engine.calls.claim({ key: "k", windowMs: 1000 }, 1000), unavailable),
        assert.rejects(engine.presence.beat("n", 1000), unavailable),
      ]);
      const { isAvailable, reason } = engine.health();
      assert.equal(isAvailable, false);
      assert.match(
        reason ?? "",
        new RegExp(`^${world.name} does not answer: nothing has come for \\d+ ms to \\w`, "u"),
      );
      server.unpause();
      await appendAgain(engine, "room", "once");
      while (!engine.health().isAvailable) await turn();
      await log.has("once");
      assert.deepEqual(log.values, ["once"]);
      log.assertChained();
      assert.deepEqual(await valuesOf(engine, "room"), ["before", "once"]);
    });
  });

  describe(`a ${world.name} server that is full`, options, () => {
    it("refuses what is new, still has what there is, and goes on when there is room", async (t) => {
      const server = await startServer(t, world, "forgetful");
      const nodes = startNodes(t, server);
      const { engine } = await nodes.start();
      const log = await FollowedLog.of(engine, "room");
      const position = await append(engine, "room", 1);
      await engine.states.set("book", "y", 1, null);
      const makeRoom = await server.fill();
      const full = { name: "EngineError", code: "full" };
      await assert.rejects(append(engine, "room", 2), full);
      await assert.rejects(append(engine, "room", 2, keyed(2)), full);
      await assert.rejects(append(engine, "new", 2), full);
      await assert.rejects(engine.states.set("book", "x", 1, undefined), full);
      await assert.rejects(engine.calls.claim({ key: "k", windowMs: 1000 }, 1000), full);
      const page = await engine.logs.read("room", { limit: 10 });
      assert.ok(page.status === "ok" && page.entries[0]?.position === position);
      assert.equal((await engine.states.snapshot("book", { limit: 10 })).entries.length, 1);
      await makeRoom();
      await append(engine, "room", 2, keyed(2));
      await log.has(2);
      assert.deepEqual(log.values, [1, 2]);
      log.assertChained();
      assert.equal(await engine.states.delete("book", "y", undefined).then(() => "deleted"), "deleted");
    });
  });
}

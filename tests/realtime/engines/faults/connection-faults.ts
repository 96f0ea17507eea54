/**
 * What befalls a node's connection: it is cut, or nothing comes through.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import { TcpProxy } from "../proxy.js";
import { FollowedLog, FollowedState, Recorder } from "../recorders.js";
import { append, everything } from "../world.js";
import {
  again,
  appendAgain,
  type FaultNodes,
  type FaultServer,
  type FaultWorld,
  keyed,
  type LinkEvent,
  startNodes,
  startProxy,
  startServer,
  turn,
  valuesOf,
} from "./world.js";

const callKey = { key: "order", windowMs: 60_000 };

/** Declares the tests. */
export function connectionFaults(world: FaultWorld): void {
  describe(`a node whose connection to ${world.name} is cut`, { skip: world.skip, timeout: 90_000 }, () => {
    let server: FaultServer;
    let proxy: TcpProxy;
    let nodes: FaultNodes;
    let near: Engine;
    let far: Engine;
    let link: Recorder<LinkEvent>;
    before(async () => {
      server = await world.startServer("forgetful");
    });
    after(() => server.dispose());
    beforeEach(async () => {
      proxy = await TcpProxy.start(server.port);
      nodes = server.nodes({ timeoutMs: 1000 });
      near = (await nodes.start()).engine;
      ({ engine: far, link } = await nodes.start(proxy));
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
      proxy.cut();
      for (let index = 0; index < 50; index++) await append(near, "room", index);
      await append(near, "quiet", "first");
      assert.equal(log.values.length, 1);
      proxy.mend();
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
      let last = "";
      for (let index = 0; index < world.manyMessages; index++) last = await append(near, "room", index, { retain });
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
      assert.equal((await again(() => far.presence.list("room", 10))).count, 1);
    });

    it("says that it is not available, and refuses until it is", async () => {
      proxy.cut();
      await link.until((events) => events.includes("lost"));
      // A node may have more than one connection.
      while (far.health().isAvailable) await turn();
      assert.match(far.health().reason ?? "", new RegExp(`^${world.name} cannot be reached`, "u"));
      await assert.rejects(append(far, "room", 0), { name: "EngineError", code: "unavailable" });
      proxy.mend();
      await link.until((events) => events.includes("back"));
      assert.equal(far.health().isAvailable, true);
      await appendAgain(far, "room", 1);
      assert.deepEqual(await valuesOf(near, "room"), [1]);
    });

    it("is not heard behind what it has said since, where something lay in its old connection", async () => {
      const heard = new Recorder<unknown>();
      await near.signals.listen("cursor", ({ value }) => heard.add(value));
      const say = (value: unknown) => far.signals.send("cursor", { value, user: undefined });
      await say("before");
      await heard.until((values) => values.includes("before"));
      proxy.keepBack();
      const saying = say("late").catch(() => undefined);
      while (proxy.keptBack === 0) await turn();
      proxy.part();
      await link.until((events) => events.includes("back"));
      await again(() => say("after"));
      await heard.until((values) => values.includes("after"));
      await proxy.comeLate();
      await say("last");
      await heard.until((values) => values.includes("last"));
      assert.deepEqual(heard.items, ["before", "after", "last"]);
      await saying;
    });

    it("lets wait what it cannot send, in the order of the calls, and sends it when it is back", async () => {
      const heard = new Recorder<unknown>();
      await near.signals.listen("cursor", ({ value }) => heard.add(value));
      await append(far, "room", "before");
      proxy.cut();
      while (far.health().isAvailable) await turn();
      const waiting = [
        append(far, "room", 1, keyed(1)),
        append(far, "room", 2),
        append(far, "room", 3, keyed(3)),
        far.states.set("book", "x", 1, undefined),
        far.signals.send("cursor", { value: "first", user: undefined }),
        far.signals.send("cursor", { value: "second", user: undefined }),
        far.media.append("film", { data: Uint8Array.of(1), isKey: true }, 100),
        far.presence.put("n", "hall", { user: "ann", state: null, connections: 1 }),
      ];
      const reading = far.logs.read("elsewhere", { limit: 10 });
      const listening = far.signals.listen("answer", ({ value }) => heard.add(value));
      proxy.mend();
      await Promise.all([...waiting, reading, listening]);
      assert.deepEqual(await valuesOf(near, "room"), ["before", 1, 2, 3]);
      await near.signals.send("answer", { value: "third", user: undefined });
      await heard.until(({ length }) => length === 3);
      assert.deepEqual(heard.items, ["first", "second", "third"]);
      assert.equal((await near.media.tail("film", () => undefined)).newest.length, 1);
    });

    it("says of what it could not send in time that it is unavailable, and sends it never", async () => {
      const heard = new Recorder<unknown>();
      await near.signals.listen("cursor", ({ value }) => heard.add(value));
      const { group } = await far.media.append("film", { data: Uint8Array.of(1), isKey: true }, 100);
      proxy.cut();
      while (far.health().isAvailable) await turn();
      const unavailable = { name: "EngineError", code: "unavailable" };
      await Promise.all([
        assert.rejects(far.signals.send("cursor", { value: "late", user: undefined }), unavailable),
        assert.rejects(append(far, "room", "late", keyed("late")), unavailable),
        assert.rejects(far.states.set("book", "x", "late", undefined), unavailable),
        assert.rejects(far.media.append("film", { data: Uint8Array.of(2), isKey: false, group }, 100), unavailable),
        assert.rejects(far.logs.read("elsewhere", { limit: 10 }), unavailable),
        assert.rejects(
          far.signals.listen("answer", () => undefined),
          unavailable,
        ),
      ]);
      proxy.mend();
      await again(() => far.signals.send("cursor", { value: "next", user: undefined }));
      await heard.until((values) => values.includes("next"));
      assert.deepEqual(heard.items, ["next"]);
      assert.deepEqual(await valuesOf(near, "room"), []);
    });

    it("sends again what was on its way and does the same twice, and says of the rest at once that nobody knows", async () => {
      // So long that nobody waits for it.
      const patient = server.nodes({ timeoutMs: 60_000 });
      try {
        const { engine } = await patient.start(proxy);
        const { engine: other } = await patient.start();
        await append(engine, "room", "before");
        proxy.stop();
        // First: what comes after one that is sent again may wait for it.
        const without = append(engine, "room", "perhaps");
        const set = engine.states.set("book", "x", 1, undefined);
        const withKey = append(engine, "room", "once", keyed("once"));
        const claiming = engine.calls.claim(callKey, 60_000);
        // Until it is on its way.
        await turn();
        proxy.cut();
        const unavailable = { name: "EngineError", code: "unavailable" };
        await Promise.all([assert.rejects(without, unavailable), assert.rejects(set, unavailable)]);
        proxy.resume();
        proxy.mend();
        const position = await withKey;
        const claim = await claiming;
        assert.ok(claim.status === "claimed" && (await claim.complete({ ok: true, value: 1 })));
        assert.equal(await append(other, "room", "once", keyed("once")), position);
        assert.equal((await valuesOf(other, "room")).filter((value) => value === "once").length, 1);
      } finally {
        await patient.dispose();
      }
    });

    it("waits for what comes of a call that it did not hear of", async () => {
      const mine = await near.calls.claim(callKey, 5000);
      const theirs = await far.calls.claim(callKey, 5000);
      assert.ok(mine.status === "claimed" && theirs.status === "running");
      proxy.cut();
      await mine.complete({ ok: true, value: 1 });
      proxy.mend();
      assert.deepEqual(await theirs.outcome, { ok: true, value: 1 });
    });

    it("hears signals and media again, and none twice", async () => {
      const heard = new Recorder<unknown>();
      const frames = new Recorder<number>();
      await far.signals.listen("cursor", ({ value }) => heard.add(value));
      await far.media.tail("film", ({ group }) => frames.add(group));
      proxy.cut();
      await near.signals.send("cursor", { value: "unheard", user: undefined });
      proxy.mend();
      await link.until((events) => events.includes("back"));
      // What both hear when they are told again: nobody says when a listener is known to the server.
      const hears = heard.until(({ length }) => length > 0);
      let isHeard = false;
      void hears.then(() => {
        isHeard = true;
      });
      while (!isHeard) {
        await near.signals.send("cursor", { value: "heard", user: undefined });
        await turn();
      }
      const { group } = await near.media.append("film", { data: Uint8Array.of(1), isKey: true }, 100);
      await frames.until((groups) => groups.includes(group));
      assert.ok(!heard.items.includes("unheard"));
      assert.equal(frames.items.filter((item) => item === group).length, 1);
    });

    it("hears its own signals when they leave, and not once more when they come back, in the order of each sender", async () => {
      const heard = new Recorder<unknown>();
      const nearHeard = new Recorder<unknown>();
      const send = (engine: Engine, value: unknown): Promise<void> =>
        engine.signals.send("cursor", { value, user: undefined });
      await near.signals.listen("cursor", ({ value }) => nearHeard.add(value));
      await far.signals.listen("cursor", ({ value }) => heard.add(value));
      proxy.silence();
      const sending = Promise.all([1, 2].map((value) => send(far, value)));
      await heard.until(({ length }) => length === 2);
      await nearHeard.until(({ length }) => length === 2);
      proxy.resume();
      await sending;
      await send(near, "a");
      await heard.until(({ length }) => length === 3);
      proxy.cut();
      while (far.health().isAvailable) await turn();
      const waiting = [3, 4].map((value) => send(far, value));
      assert.deepEqual(heard.items, [1, 2, "a"]);
      proxy.mend();
      await Promise.all(waiting);
      await send(far, 5);
      await nearHeard.until(({ length }) => length === 6);
      // Nobody says when a listener is known to the server again.
      while (!heard.items.includes("b")) {
        await send(near, "b");
        await turn();
      }
      for (const { items } of [heard, nearHeard]) {
        assert.deepEqual(
          items.filter((value) => value !== "b"),
          [1, 2, "a", 3, 4, 5],
        );
      }
    });

    it("dies before it hears whether its message stands: whoever goes on finds it, once", async () => {
      await append(near, "room", "first");
      const log = await FollowedLog.of(near, "room");
      // Its first message tells everybody what the later one needs.
      await append(far, "room", "second", keyed("second"));
      proxy.silence();
      const unheard = append(far, "room", "third", keyed("third"));
      const refused = assert.rejects(unheard, { name: "EngineError" });
      // One that writes a key down first may not have come to the message itself.
      await Promise.race([log.has("third"), refused]);
      await far.close();
      proxy.cut();
      await refused;
      await append(near, "room", "third", keyed("third"));
      const repeated = await append(near, "room", "third", keyed("third"));
      await append(near, "room", "last");
      await log.has("last");
      assert.deepEqual(log.values, ["second", "third", "last"]);
      assert.equal(log.entries.items[1]?.position, repeated);
      log.assertChained();
    });

    it("hears nothing for a while, without being told: it gets what it missed", async () => {
      const log = await FollowedLog.of(far, "room");
      const state = await FollowedState.of(far, "book");
      proxy.stop();
      for (let index = 0; index < 10; index++) await append(near, "room", index);
      await near.states.set("book", "x", 1, null);
      proxy.resume();
      await log.has(9);
      await state.changes.until(({ length }) => length > 0);
      log.assertChained();
      assert.deepEqual([log.values.length, log.resets.items.length, state.resets.items.length], [10, 0, 0]);
    });

    it("is closed while it has none", async () => {
      const log = await FollowedLog.of(far, "room");
      proxy.cut();
      await link.until((events) => events.includes("lost"));
      await far.close();
      await assert.rejects(append(far, "room", 1), { name: "EngineError", code: "closed" });
      assert.equal(far.health().reason, "the engine has been closed");
      await append(near, "room", 1);
      assert.deepEqual(log.values, []);
    });
  });

  describe(`a node that is too slow for ${world.name}`, { skip: world.skip, timeout: 90_000 }, () => {
    it("is cut off by the server, and gets what it missed", async (t) => {
      const server = await startServer(t, world, "impatient");
      const proxy = await startProxy(t, server);
      const nodes = startNodes(t, server);
      const { engine: near } = await nodes.start();
      const { engine: slow, link } = await nodes.start(proxy);
      const log = await FollowedLog.of(slow, "room");
      proxy.stop();
      const value = "x".repeat(200_000);
      for (let index = 0; index < 60; index++) await append(near, "room", [index, value]);
      await append(near, "room", "last");
      proxy.resume();
      await link.until((events) => events.includes("lost"));
      await log.has("last");
      assert.deepEqual(log.resets.items, []);
      log.assertChained();
      assert.equal(log.values.length, 61);
    });
  });
}

/**
 * What somebody may do changes while requests of theirs wait, and calls of theirs run.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, contract, log, unchecked } from "#src/realtime/contract/index.js";
import { memory } from "#src/realtime/engines/index.js";
import type { AnyRealtimeOptions, CallContext, RealtimeUser } from "#src/realtime/server/index.js";
import { engineWith } from "./engines.js";
import { World } from "./world.js";

const api = contract({
  channels: { "room/{id}": log({ retain: { count: 50 } }) },
  calls: {
    order: call({ input: unchecked<{ lots: number }>(), idempotent: true }),
    tail: call({ input: unchecked<{ lots: number }>(), stream: unchecked<number>() }),
  },
});

/** Decisions that wait to be made. */
class Decisions {
  readonly waiting: ((isAllowed: boolean) => void)[] = [];
  readonly asked: { readonly user: RealtimeUser; readonly action: string }[] = [];

  readonly decide = (user: RealtimeUser, _parameters: unknown, action: string): Promise<boolean> => {
    this.asked.push({ user, action });
    return new Promise((resolve) => this.waiting.push(resolve));
  };

  /** Makes the oldest one. */
  make(isAllowed: boolean): void {
    this.waiting.shift()?.(isAllowed);
  }
}

/** Calls that run until they are aborted, or are told to end. */
class Runs {
  readonly contexts: CallContext[] = [];
  readonly end: (() => void)[] = [];

  readonly order = async (_input: unknown, context: CallContext): Promise<unknown> => {
    this.contexts.push(context);
    await new Promise<void>((resolve, reject) => {
      this.end.push(resolve);
      context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
    });
    return "done";
  };

  readonly tail = async function* (this: Runs, _input: unknown, context: CallContext) {
    this.contexts.push(context);
    for (let index = 0; ; index++) yield await Promise.resolve(index);
  }.bind(this);
}

function create(options: AnyRealtimeOptions = {}): { world: World; runs: Runs } {
  const runs = new Runs();
  const { order, tail } = runs;
  const authenticate: AnyRealtimeOptions["authenticate"] = ({ token }) => {
    const [user, data] = String(token).split(":");
    return user === "nobody" || user === undefined ? undefined : { user, data };
  };
  return { world: new World(api, { authenticate, calls: { order, tail }, ...options }), runs };
}

async function published(world: World): Promise<readonly unknown[]> {
  return (await world.server.history("room/1", { limit: 100 })).map(({ value }) => value);
}

describe("a user who is revoked while it is decided who that is", () => {
  it("is asked about again", async () => {
    const decided: ((answer: { user: string } | undefined) => void)[] = [];
    const world = new World(api, {
      authenticate: () => new Promise((resolve) => decided.push(resolve)),
      calls: { order: () => "", tail: async function* () {} },
    });
    const [ann, bob] = [await world.open(), await world.open()];
    ann.say(["hello", {}]);
    bob.say(["hello", {}]);
    await world.settle();
    void world.server.revoke("ann");
    decided[0]?.({ user: "ann" });
    decided[1]?.({ user: "bob" });
    await world.settle();
    assert.equal(decided.length, 3);
    assert.equal(ann.take("welcome").length, 0);
    assert.equal(bob.take("welcome").length, 1);
    decided[2]?.(undefined);
    await world.settle();
    assert.equal(ann.closed?.code, 4401);
    await world.close();
  });
});

describe("requests that wait when their user is revoked", () => {
  for (const way of ["revoke", "token"]) {
    it(`are not done any more: ${way === "token" ? "a token that is none" : way}`, async () => {
      const decisions = new Decisions();
      const { world } = create({ authorize: { "room/{id}": decisions.decide } });
      const peer = await world.peer({ token: "ann" });
      for (const r of [101, 102, 103]) peer.say(["pub", r, "room/1", r, {}]);
      await world.settle();
      decisions.make(true);
      await world.settle();
      // One has been published, another is being decided upon, and one waits behind it.
      if (way === "token") peer.say(["token", 104, "nobody"]);
      else void world.server.revoke("ann");
      await world.settle();
      assert.equal(peer.closed?.code, way === "token" ? 4401 : 4403);
      while (decisions.waiting.length > 0) {
        decisions.make(true);
        await world.settle();
      }
      assert.deepEqual(await published(world), [101]);
      await world.close();
    });
  }

  it("are done where the connection alone is lost", async () => {
    const decisions = new Decisions();
    const { world } = create({ authorize: { "room/{id}": decisions.decide } });
    const peer = await world.peer({ token: "ann" });
    peer.say(["pub", 101, "room/1", 101, {}]);
    await world.settle();
    peer.vanish();
    decisions.make(true);
    await world.settle();
    assert.deepEqual(await published(world), [101]);
    await world.close();
  });
});

describe("requests that wait when what their user may do is another", () => {
  it("are asked about again, with what is known of the user now", async () => {
    const decisions = new Decisions();
    const { world } = create({ authorize: { "room/{id}": decisions.decide } });
    const peer = await world.peer({ token: "ann:old" });
    peer.say(["pub", 101, "room/1", 101, {}], ["pub", 102, "room/1", 102, {}], ["token", 103, "ann:new"]);
    await world.settle();
    assert.equal(peer.answerTo(103)?.[0], "ok");
    // What was decided was decided before.
    decisions.make(true);
    await world.settle();
    assert.deepEqual(
      decisions.asked.map(({ user }) => user.data),
      ["old", "new"],
    );
    decisions.make(false);
    await world.settle();
    decisions.make(true);
    await world.settle();
    assert.equal((peer.answerTo(101)?.[2] as { code: string }).code, "forbidden");
    assert.equal(peer.answerTo(102)?.[0], "ok");
    assert.deepEqual(await published(world), [102]);
    await world.close();
  });

  it("are asked about again: a subscription that is being made, and history that is being read", async () => {
    const engine = memory();
    const held: (() => void)[] = [];
    const slow = engineWith(engine, {
      logs: () => ({
        append: (channel, append) => engine.logs.append(channel, append),
        bounds: (channel) => engine.logs.bounds(channel),
        tail: (channel, sink) => engine.logs.tail(channel, sink),
        read: async (channel, range) => {
          await new Promise<void>((resolve) => held.push(resolve));
          return await engine.logs.read(channel, range);
        },
      }),
    });
    let isAllowed = true;
    const { world } = create({ engine: slow, authorize: { "room/{id}": () => isAllowed } });
    const peer = await world.peer({ token: "ann" });
    await world.server.publish("room/1", "a secret");
    peer.say(["sub", 101, "room/1", { last: 5 }], ["hist", 102, "room/1", { limit: 5 }]);
    await world.settle();
    assert.equal(held.length, 2);
    isAllowed = false;
    await world.server.reauthorize("ann");
    for (const go of held) go();
    await world.settle();
    for (const r of [101, 102]) assert.equal((peer.answerTo(r)?.[2] as { code: string }).code, "forbidden");
    assert.equal(JSON.stringify(peer.frames).includes("a secret"), false);
    await world.close();
  });
});

describe("calls that run when their user is revoked", () => {
  it("are aborted, with a key and without, also where their connection is gone", async () => {
    const { world, runs } = create();
    const peer = await world.peer({ token: "ann" });
    const gone = await world.peer({ token: "ann" });
    const other = await world.peer({ token: "bob" });
    for (const each of [gone, other]) each.say(["call", 101, "order", { lots: 1 }, { key: "k" }]);
    peer.say(["call", 101, "order", { lots: 1 }, { key: "k2" }], ["call", 102, "order", { lots: 1 }]);
    await world.settle();
    gone.vanish();
    await world.settle();
    assert.deepEqual(
      runs.contexts.map(({ signal }) => signal.aborted),
      [false, false, false, false],
    );
    assert.equal(await world.server.revoke("ann"), 1);
    assert.deepEqual(runs.contexts.map(({ user, signal }) => `${String(user.id)} ${String(signal.aborted)}`).sort(), [
      "ann true",
      "ann true",
      "ann true",
      "bob false",
    ]);
    for (const end of runs.end) end();
    await world.settle();
    assert.equal(other.answerTo(101)?.[2], "done");
    await world.close();
  });

  it("do not begin when the input is still being checked", async () => {
    let check = (): void => undefined;
    const slowly = contract({
      calls: {
        slow: call({
          input: {
            "~standard": {
              ...{ version: 1, vendor: "test" },
              validate: (value: unknown) => new Promise((resolve) => (check = () => resolve({ value }))),
            },
          },
        }),
      },
    });
    let isRun = false;
    const world = new World(slowly, {
      authenticate: () => ({ user: "ann" }),
      calls: { slow: () => (isRun = true) },
    });
    const peer = await world.peer();
    peer.say(["call", 101, "slow", 1]);
    await world.settle();
    void world.server.revoke("ann");
    check();
    await world.settle();
    assert.equal(isRun, false);
    await world.close();
  });
});

describe("who may make which call", () => {
  it("is asked with the input, and only true lets in", async () => {
    const asked: unknown[] = [];
    const { world, runs } = create({
      authorizeCalls: {
        order: (user, input, name) => {
          asked.push([user.id, input, name]);
          return (input as { lots: number }).lots < 10;
        },
      },
      // It says nothing of calls.
      authorize: {},
    });
    const peer = await world.peer({ token: "ann" });
    peer.say(["call", 101, "order", { lots: 1 }]);
    await world.settle();
    runs.end[0]?.();
    assert.equal((await peer.refused("call", "order", { lots: 10 })).code, "forbidden");
    assert.equal((await peer.refused("call", "tail", { lots: 1 })).code, "forbidden", "what has no function is closed");
    assert.equal(peer.answerTo(101)?.[2], "done");
    assert.deepEqual(asked[0], ["ann", { lots: 1 }, "order"]);
    assert.equal(runs.contexts.length, 1);
    await world.close();
  });

  it("is everybody where nothing is said of calls", async () => {
    const { world, runs } = create({ authorize: {} });
    const peer = await world.peer({ token: "ann" });
    peer.say(["call", 101, "order", { lots: 1 }]);
    await world.settle();
    assert.equal(runs.contexts.length, 1);
    runs.end[0]?.();
    await world.settle();
    assert.equal(peer.answerTo(101)?.[2], "done");
    await world.close();
  });

  it("is asked again of calls that run, which end where it is no", async () => {
    const isAllowed = { order: true, tail: true };
    const { world, runs } = create({
      authorizeCalls: { order: () => isAllowed.order, tail: (user) => isAllowed.tail && user.data === undefined },
    });
    const peer = await world.peer({ token: "ann" });
    peer.say(["call", 101, "order", { lots: 1 }, { key: "k" }], ["call", 102, "tail", { lots: 1 }, { credit: 1 }]);
    await world.settle();
    await world.server.reauthorize("bob");
    await world.server.reauthorize("ann");
    assert.deepEqual([peer.answerTo(101), peer.answerTo(102)], [undefined, undefined]);
    isAllowed.order = false;
    await world.server.reauthorize();
    await world.settle();
    assert.equal((peer.answerTo(101)?.[2] as { code: string }).code, "forbidden");
    assert.equal(peer.answerTo(102), undefined);
    await peer.done("token", "ann:less");
    assert.equal((peer.answerTo(102)?.[2] as { code: string }).code, "forbidden");
    assert.deepEqual(
      runs.contexts.map(({ signal }) => signal.aborted),
      [true, true],
    );
    await world.close();
  });

  it("cannot be said of calls that the contract does not have", () => {
    const parts = (): unknown => create({ authorizeCalls: { ordr: () => true } });
    assert.throws(parts, { name: "TypeError", message: /ordr/u });
  });
});

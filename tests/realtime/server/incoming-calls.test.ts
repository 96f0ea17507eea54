import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { call, contract, unchecked } from "#src/realtime/contract/index.js";
import { type CallEngine, type CallOutcome, EngineError, memory } from "#src/realtime/engines/index.js";
import type { CallContext } from "#src/realtime/server/index.js";
import { RealtimeError } from "#src/realtime/wire/index.js";
import { engineWith } from "./engines.js";
import { believe, World } from "./world.js";

const positive = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value: unknown) =>
      typeof value === "number" && value > 0 ? { value } : { issues: [{ message: "not positive" }] },
  },
} as const;

const api = contract({
  calls: {
    double: call({ input: positive }),
    order: call({ idempotent: true }),
    tail: call({ stream: unchecked<number>() }),
  },
});

class Handlers {
  runs = 0;
  contexts: CallContext[] = [];
  release: (() => void)[] = [];
  emitted = 0;
  isTailEnded = false;

  readonly double = (input: unknown) => {
    if (input === 13) throw new RealtimeError("unlucky", "no 13", { data: { at: 13 } });
    if (input === 14) throw new Error("a secret");
    if (input === 15) throw new RealtimeError("unavailable", "later", { retryable: true });
    return (input as number) * 2;
  };

  readonly order = async (input: unknown, context: CallContext) => {
    this.runs++;
    this.contexts.push(context);
    await new Promise<void>((resolve) => this.release.push(resolve));
    if (input === "fails") throw new RealtimeError("no-funds");
    if (input === "busy") throw new RealtimeError("busy", "later", { retryable: true });
    return { run: this.runs };
  };

  readonly tail = async function* (this: Handlers) {
    try {
      for (;;) yield this.emitted++;
    } finally {
      this.isTailEnded = true;
    }
  }.bind(this);
}

function create(limits = {}): { world: World; handlers: Handlers } {
  const handlers = new Handlers();
  const { double, order, tail } = handlers;
  return { world: new World(api, { authenticate: believe, calls: { double, order, tail }, limits }), handlers };
}

describe("a call", () => {
  it("is answered, or refused with an error that says as much as the handler wanted", async () => {
    const { world } = create();
    const peer = await world.peer({ token: "ann" });
    assert.equal(await peer.done("call", "double", 21), 42);
    const invalid = await peer.refused("call", "double", -1);
    assert.deepEqual([invalid.code, invalid["data"]], ["invalid-value", [{ message: "not positive" }]]);
    assert.deepEqual(await peer.refused("call", "double", 13), {
      ...{ code: "unlucky", message: "no 13", retryable: false, data: { at: 13 } },
    });
    assert.equal(JSON.stringify(await peer.refused("call", "double", 14)).includes("secret"), false);
    assert.match(String(world.errors.splice(0)), /a secret/u);
    assert.equal((await peer.refused("call", "toString", 1)).code, "not-found");
    await world.close();
  });

  it("with a key runs once, however often it is sent and whatever becomes of the connection", async () => {
    const { world, handlers } = create();
    const peer = await world.peer({ token: "ann", client: "c" });
    peer.say(["call", 901, "order", 1, { key: "k" }], ["call", 902, "order", 1, { key: "k" }]);
    await world.settle();
    peer.vanish();
    assert.equal(handlers.contexts[0]?.signal.aborted, false);
    const again = await world.peer({ token: "ann", client: "c" });
    again.say(["call", 901, "order", 1, { key: "k" }]);
    await world.clock.advance(20_000);
    assert.equal(again.answerTo(901), undefined);
    handlers.release[0]?.();
    await world.settle();
    assert.deepEqual(again.answerTo(901), ["ok", 901, { run: 1 }]);
    assert.deepEqual(await again.done("call", "order", 1, { key: "k" }), { run: 1 });
    assert.equal(handlers.runs, 1);
    const other = await world.peer({ token: "bob", client: "c" });
    other.say(["call", 901, "order", 1, { key: "k" }]);
    await world.settle();
    assert.equal(handlers.runs, 2);
    handlers.release[1]?.();
    await world.settle();
    await world.close();
  });

  it("with a key remembers a refusal, but not one that may be tried again", async () => {
    const { world, handlers } = create();
    const peer = await world.peer({ token: "ann" });
    for (const [input, runs] of [
      ["fails", 1],
      ["busy", 2],
    ] as const) {
      const before = handlers.runs;
      for (let attempt = 0; attempt < 2; attempt++) {
        const r = 900 + handlers.release.length + attempt * 10;
        peer.say(["call", r, "order", input, { key: input }]);
        await world.settle();
        handlers.release.at(-1)?.();
        await world.settle();
        assert.equal(peer.answerTo(r)?.[0], "err");
      }
      assert.equal(handlers.runs - before, runs, input);
    }
    await world.close();
  });

  it("ends at its timeout, at the server's, when it is cancelled, and with its connection", async () => {
    const { world, handlers } = create({ maxCallMs: 5000 });
    const peer = await world.peer({ token: "ann" });
    peer.say(
      ["call", 901, "order", 1, { timeoutMs: 1000 }],
      ["call", 902, "order", 1, { timeoutMs: 60_000 }],
      ["call", 903, "order", 1],
    );
    await world.clock.advance(1000);
    assert.equal((peer.answerTo(901)?.[2] as RealtimeError).code, "timeout");
    assert.equal(handlers.contexts[0]?.signal.aborted, true);
    peer.say(["cancel", 903]);
    await world.settle();
    assert.equal((peer.answerTo(903)?.[2] as RealtimeError).code, "cancelled");
    await world.clock.advance(4000);
    assert.equal((peer.answerTo(902)?.[2] as RealtimeError).code, "timeout");
    peer.say(["call", 904, "order", 1]);
    await world.settle();
    peer.vanish();
    assert.equal(
      handlers.contexts.every(({ signal }) => signal.aborted),
      true,
    );
    for (const release of handlers.release) release();
    await world.close();
  });

  it("streams as many results as there is credit for, until it is cancelled", async () => {
    const { world, handlers } = create();
    const peer = await world.peer({ token: "ann" });
    peer.say(["call", 901, "tail", null, { credit: 3 }]);
    await world.settle();
    assert.deepEqual(
      peer.all("item").map((frame) => frame[2]),
      [0, 1, 2],
    );
    peer.say(["credit", 901, 2]);
    await world.settle();
    assert.deepEqual(
      peer.all("item").map((frame) => frame[2]),
      [0, 1, 2, 3, 4],
    );
    // It does not run ahead.
    assert.ok(handlers.emitted <= 6);
    await world.clock.advance(100_000);
    peer.say(["cancel", 901]);
    await world.settle();
    assert.equal((peer.answerTo(901)?.[2] as RealtimeError).code, "cancelled");
    assert.equal(handlers.isTailEnded, true);
    assert.equal((await peer.refused("call", "tail", null, { key: "k" })).code, "bad-request");
    await world.close();
  });

  it("streams no faster than the client reads", async () => {
    const { world, handlers } = create();
    const peer = await world.peer({ token: "ann" });
    peer.stall();
    peer.say(["call", 901, "tail", null, { credit: 100_000 }]);
    await world.settle();
    const held = handlers.emitted;
    assert.ok(held < 2000, `${String(held)} were sent`);
    peer.session.closed();
    await world.settle();
    assert.equal(handlers.isTailEnded, true);
    await world.close();
  });
});

describe("a call to a client", () => {
  it("is answered, times out, is cancelled, and fails with the connection", async () => {
    const { world } = create();
    const peer = await world.peer({ token: "ann" });
    const [session] = world.server.sessions;
    const answer = session?.call("name", 1);
    await world.settle();
    const [[, r, name, input] = []] = peer.take("call");
    assert.deepEqual([name, input], ["name", 1]);
    peer.say(["ok", r, "Ann"]);
    assert.equal(await answer, "Ann");

    const late = session?.call("name", 1, { timeoutMs: 500 });
    const refused = assert.rejects(late ?? Promise.resolve(), { code: "timeout" });
    await world.clock.advance(500);
    await refused;
    assert.equal(peer.all("cancel").length, 1);
    // A late answer is for nobody.
    peer.say(["ok", peer.take("call")[0]?.[1], "late"]);

    const abort = new AbortController();
    const cancelled = assert.rejects(session?.call("name", 1, { signal: abort.signal }) ?? Promise.resolve(), {
      code: "cancelled",
    });
    abort.abort();
    await cancelled;

    const lost = assert.rejects(session?.call("name", 1) ?? Promise.resolve(), { code: "connection-lost" });
    await world.settle();
    peer.vanish();
    await lost;
    await assert.rejects(session?.call("name", 1) ?? Promise.resolve(), { code: "connection-lost" });
    await world.close();
  });

  it("streams with credit, and closes a client that sends more than that", async () => {
    const { world } = create();
    const peer = await world.peer({ token: "ann" });
    const [session] = world.server.sessions;
    const items: unknown[] = [];
    const reading = (async () => {
      for await (const item of session?.stream("rows", 1, { credit: 2 }) ?? []) {
        items.push(item);
        if (items.length === 3) break;
      }
    })();
    await world.settle();
    const [[, r, , , options] = []] = peer.take("call");
    assert.equal((options as { credit: number }).credit, 2);
    peer.say(["item", r, "a"], ["item", r, "b"]);
    await world.settle();
    assert.deepEqual(peer.take("credit").length, 2);
    peer.say(["item", r, "c"]);
    await reading;
    await world.settle();
    assert.deepEqual(items, ["a", "b", "c"]);
    assert.equal(peer.all("cancel").length, 1);
    const more: unknown[] = [];
    const flooding = (async () => {
      for await (const item of session?.stream("rows", 1, { credit: 2 }) ?? []) more.push(item);
    })();
    await world.settle();
    const number = peer.take("call")[0]?.[1];
    peer.say(["item", number, 1], ["item", number, 2], ["item", number, 3]);
    await assert.rejects(flooding, { code: "connection-lost" });
    assert.equal(peer.closed?.code, 4400);
    await world.close();
  });

  it("with a key is run once, though the engine cannot keep at once what came of it", async () => {
    const inner = memory();
    let isReachable = true;
    const calls: CallEngine = {
      claim: async (...args) => {
        const claim = await inner.calls.claim(...args);
        if (claim.status !== "claimed") return claim;
        const complete = async (outcome: CallOutcome): Promise<boolean> => {
          if (!isReachable) throw new EngineError("unavailable", "out of reach");
          return await claim.complete(outcome);
        };
        return { ...claim, complete };
      },
    };
    const handlers = new Handlers();
    const { double, order, tail } = handlers;
    const engine = engineWith(inner, { calls: () => calls });
    const world = new World(api, { engine, authenticate: believe, calls: { double, order, tail } });
    const peer = await world.peer({ token: "ann", client: "c" });
    peer.say(["call", 901, "order", 1, { key: "k" }]);
    await world.settle();
    isReachable = false;
    handlers.release[0]?.();
    await world.clock.advance(2500);
    assert.equal(peer.answerTo(901), undefined);
    isReachable = true;
    await world.clock.advance(1000);
    assert.deepEqual(peer.answerTo(901), ["ok", 901, { run: 1 }]);
    assert.deepEqual(await peer.done("call", "order", 1, { key: "k" }), { run: 1 });
    await world.close();
  });
});

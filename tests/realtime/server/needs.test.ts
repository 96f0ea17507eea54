import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { connect, serve, UpgradeRefusedError } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import type { EngineGrant, EngineNeeds } from "#src/realtime/engines/index.js";
import { call, contract, createRealtime, type Engine, log, media, memory, signal, state } from "#src/realtime/index.js";

/** The memory engine, and what it was asked for. */
function asked(grant?: EngineGrant): {
  readonly engine: Engine;
  readonly needs: EngineNeeds[];
  readonly order: string[];
} {
  const inner = memory();
  const needs: EngineNeeds[] = [];
  const order: string[] = [];
  const engine = new Proxy(inner, {
    get(target, name) {
      if (name === "start") {
        return async (...args: Parameters<Engine["start"]>) => {
          await target.start(...args);
          order.push("started");
        };
      }
      if (name === "check") {
        return async (wanted: EngineNeeds) => {
          order.push("checked");
          needs.push(wanted);
          return await Promise.resolve(grant);
        };
      }
      if (name !== "name" && name !== "close") order.push(String(name));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
  return { engine, needs, order };
}

const unbounded = Number.MAX_SAFE_INTEGER;

describe("what an engine is asked for", () => {
  it("is what the contract and the limits say, once, before anything else", async () => {
    const { engine, needs, order } = asked();
    const api = contract({
      channels: {
        "orders/{id}": log({ durable: true, retain: { count: 5 } }),
        feed: log({ retain: { ageMs: Number.POSITIVE_INFINITY } }),
        book: state({ durable: true }),
        "cursor/{id}": signal(),
        film: media({ groupBytesMax: 7 }),
      },
      calls: { order: call({ idempotent: true }) },
    });
    const limits = { maxMessageBytes: 1000, idempotencyWindowMs: 5000 };
    const realtime = createRealtime(api, { engine, limits, calls: { order: () => undefined } });
    await realtime.ready;
    await realtime.close();
    assert.deepEqual(needs, [
      {
        channels: [
          { kind: "log", pattern: "orders/{id}", isDurable: true, count: 5, ageMs: unbounded },
          { kind: "log", pattern: "feed", isDurable: false, count: unbounded, ageMs: unbounded },
          { kind: "state", pattern: "book", isDurable: true },
          { kind: "signal", pattern: "cursor/{id}" },
          { kind: "media", pattern: "film", groupBytesMax: 7 },
        ],
        maxMessageBytes: { value: 1000, isChosen: true },
        maxPresenceBytes: { value: 4096, isChosen: false },
        maxLogBytes: { value: 16_777_216, isChosen: false },
        publishWindowMs: 5000,
        // A call may run for a lease, whatever the window.
        callWindowMs: 15_000,
      },
    ]);
    assert.deepEqual(order.slice(0, 2), ["started", "checked"]);
    assert.ok(order.length > 2);
  });

  it("is what the one channel is, where there is no contract", async () => {
    const { engine, needs } = asked();
    const realtime = createRealtime({ engine, channel: log({ durable: true, retain: { count: 1, ageMs: 2 } }) });
    await realtime.ready;
    await realtime.close();
    const [wanted] = needs;
    assert.deepEqual(wanted?.channels, [{ kind: "log", pattern: "{name}", isDurable: true, count: 1, ageMs: 2 }]);
    assert.equal(wanted.callWindowMs, undefined);
  });
});

describe("what an engine gives", () => {
  async function maxMessageBytesTold(t: TestContext, grant: EngineGrant, limits?: { maxMessageBytes: number }) {
    const { engine } = asked(grant);
    const realtime = createRealtime({ engine, ...(limits !== undefined && { limits }) });
    const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
    t.after(async () => {
      await server.close();
      await realtime.close();
    });
    const socket = await connect(server.url, { protocols: ["openline.v1.json"] });
    socket.send('["hello",{}]');
    for await (const message of socket) {
      const [, { maxMessageBytes }] = JSON.parse(String(message)) as [string, { maxMessageBytes: number }];
      await socket.close();
      return maxMessageBytes;
    }
    return undefined;
  }

  it("lowers what a client may send, and never raises it", async (t) => {
    assert.equal(await maxMessageBytesTold(t, { maxMessageBytes: 700_000 }), 700_000);
    assert.equal(await maxMessageBytesTold(t, { maxMessageBytes: 700_000 }, { maxMessageBytes: 1000 }), 1000);
    assert.equal(await maxMessageBytesTold(t, { maxMessageBytes: 9_000_000 }), 1_048_576);
  });
});

describe("a server whose contract its engine cannot keep", () => {
  it("takes nobody, and says why", async (t) => {
    const errors: unknown[] = [];
    const api = contract({ channels: { orders: log({ durable: true }) } });
    const realtime = createRealtime(api, { error: (error) => errors.push(error) });
    const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
    const client = createClient(api, server.url);
    t.after(async () => {
      await client.close();
      await server.close();
      await realtime.close();
    });
    const refused = { name: "EngineError", code: "not-guaranteed", message: /"orders" wants to outlast a restart/u };
    await assert.rejects(realtime.ready, refused);
    await assert.rejects(realtime.publish("orders", 1), refused);
    await assert.rejects(
      connect(server.url, { protocols: ["openline.v1.json"] }),
      (error) => error instanceof UpgradeRefusedError && error.status === 503,
    );
    assert.equal(errors.length, 1);
  });
});

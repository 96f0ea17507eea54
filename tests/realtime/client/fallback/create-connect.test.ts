/**
 * Choosing between WebSockets and the fallback, behind proxies that break the first.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { serve } from "#src/index.js";
import { connect } from "#src/node/index.js";
import { type ClientParts, createClientFactory, type UntypedClient } from "#src/realtime/client/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import { createRealtime } from "#src/realtime/index.js";
import type { Clock } from "#src/transport/index.js";
import { nodePlatform } from "#src/transport/node/index.js";
import { BreakingProxy, type UpgradeFate } from "../../../support/breaking-proxy.js";

const reconnect = { minDelayMs: 1, maxDelayMs: 5 };

async function behind(t: TestContext, fate: UpgradeFate) {
  const realtime = createRealtime({ calls: { echo: (value) => value } });
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  const proxy = await BreakingProxy.start(t, server.port, fate);
  const clients: UntypedClient[] = [];
  t.after(async () => {
    for (const client of clients) await client.close();
    await realtime.close();
    await server.close();
  });
  const keep = (client: UntypedClient): UntypedClient => {
    clients.push(client);
    return client;
  };
  return { proxy, keep };
}

/** A browser's memory. */
function memory(t: TestContext): Map<string, string> {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  t.after(() => {
    if (before === undefined) Reflect.deleteProperty(globalThis, "localStorage");
    else Object.defineProperty(globalThis, "localStorage", before);
  });
  return kept;
}

/** A client with a page's memory, and in a time of its own. */
function paged(parts: Partial<ClientParts> = {}) {
  return createClientFactory({
    connect: (url, options) => connect(url, { ...options }),
    clock: nodePlatform.clock,
    random: Math.random,
    loadFallback: () => import("#src/realtime/client/fallback/index.js"),
    memoryKey: "openline.events",
    reportError: () => undefined,
    ...parts,
  });
}

/** The platform's clock, but for delays of so many milliseconds, which pass when they are told to. */
function waiting(ms: number) {
  const held = new Set<() => void>();
  const clock: Clock = {
    now: () => nodePlatform.clock.now(),
    setTimer(callback, delayMs) {
      if (delayMs !== ms) return nodePlatform.clock.setTimer(callback, delayMs);
      held.add(callback);
      return { cancel: () => held.delete(callback) };
    },
  };
  /** @returns whether somebody waited */
  const pass = (): boolean => {
    const [first] = held;
    if (first === undefined) return false;
    held.delete(first);
    first();
    return true;
  };
  return { clock, pass };
}

describe("a client whose WebSockets do not pass", () => {
  for (const fate of ["refuse", "strip"] as const) {
    it(`goes by events where a proxy ${fate}s upgrades, by itself`, async (t) => {
      const { proxy, keep } = await behind(t, fate);
      const client = keep(createClient(proxy.url, { reconnect }));
      assert.equal(await client.call("echo", fate), fate);
      assert.equal(client.transport, "events");
      // One that was refused for good, and one that showed that it was not the server.
      assert.equal(proxy.upgrades, 2);
      // It knows that from then on.
      proxy.cut();
      assert.equal(await client.call("echo", "again", { idempotencyKey: "1" }), "again");
      assert.equal(proxy.upgrades, 2);
    });
  }

  it("finds out about upgrades that hang, and those behind which nothing passes", async (t) => {
    for (const fate of ["hang", "swallow"] as const) {
      const { proxy, keep } = await behind(t, fate);
      memory(t);
      const impatient = paged({ connect: (url, options) => connect(url, { ...options, handshakeTimeoutMs: 100 }) });
      const client = keep(impatient(proxy.url, { reconnect: { ...reconnect, attemptTimeoutMs: 500 } }));
      assert.equal(await client.call("echo", fate), fate);
      assert.equal(client.transport, "events");
    }
  });

  it("remembers it for the next page, and forgets it when it is not so any more", async (t) => {
    const kept = memory(t);
    const { proxy, keep } = await behind(t, "refuse");
    const first = keep(paged()(proxy.url, { reconnect }));
    await first.call("echo", 1);
    await first.close();
    assert.equal(proxy.upgrades, 3);
    assert.ok(Number(kept.get("openline.events")) > Date.now());
    const { clock, pass } = waiting(600_000);
    const second = keep(paged({ clock })(proxy.url, { reconnect }));
    await second.call("echo", 2);
    assert.deepEqual([second.transport, proxy.upgrades], ["events", 3]);
    // Ten minutes later it is looked whether they pass: not yet.
    pass();
    await second.call("echo", 3);
    while (proxy.upgrades < 4) await second.call("echo", 3);
    assert.equal(second.transport, "events");
    proxy.fate = "pass";
    const states = second.states();
    await states.next();
    const before = second.state;
    const moved = (async (): Promise<string | undefined> => {
      for await (const state of states) if (state !== before && state.name === "open") return second.transport;
      return undefined;
    })();
    while (!pass()) await second.call("echo", 3);
    // Without a moment in between at which there was no connection.
    assert.equal(await moved, "websocket");
    assert.equal(kept.has("openline.events"), false);
    assert.equal(await second.call("echo", 4), 4);
  });

  it("does what it was told: never, or only", async (t) => {
    const { proxy, keep } = await behind(t, "refuse");
    const never = createClient(proxy.url, { fallback: "never", reconnect: { ...reconnect, maxAttempts: 4 } });
    assert.equal((await never.closed).why, "refused");
    assert.ok(!proxy.methods.includes("POST"));
    const upgrades = proxy.upgrades;
    proxy.fate = "pass";
    const only = keep(createClient(proxy.url, { fallback: "only" }));
    await only.call("echo", 1);
    assert.deepEqual([only.transport, proxy.upgrades], ["events", upgrades]);
  });

  it("gives up an opening whose first event is held back, and tries a WebSocket again", async (t) => {
    const { proxy, keep } = await behind(t, "pass");
    proxy.isGathering = true;
    const kept = memory(t);
    kept.set("openline.events", String(Date.now() + 1e6));
    const client = keep(paged()(proxy.url, { reconnect: { ...reconnect, attemptTimeoutMs: 200 } }));
    assert.equal(await client.call("echo", 1), 1);
    assert.equal(client.transport, "websocket");
    assert.equal(kept.has("openline.events"), false);
  });

  it("repeats a request whose answer was lost, and it is done once", async (t) => {
    const { proxy, keep } = await behind(t, "pass");
    const client = keep(createClient(proxy.url, { fallback: "only", reconnect }));
    await client.call("echo", 0);
    const positions = new Set<string>();
    for (let index = 0; index < 3; index++) {
      proxy.lostAnswers = 1;
      const { position } = await client.channel("room").publish(index);
      positions.add(position);
    }
    assert.equal(positions.size, 3);
    const { messages } = await client.channel("room").history();
    assert.deepEqual(
      messages.map(({ value }) => value),
      [0, 1, 2],
    );
  });

  it("has JSON only", async (t) => {
    const { proxy } = await behind(t, "pass");
    const { msgpackCodec } = await import("#src/realtime/msgpack/index.js");
    const options = { fallback: "only", codecs: [msgpackCodec], reconnect: { ...reconnect, maxAttempts: 0 } } as const;
    const { loss } = await createClient(proxy.url, options).closed;
    assert.ok(loss?.kind === "attempt-failed" && loss.error instanceof Error);
    assert.match(loss.error.message, /openline\.v1\.json/u);
  });
});

/**
 * Calls in both directions: docs/protocol.md, "Calls".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
// Is loaded with the first handler; here it is there already, so that time does not have to wait for a file.
import "#src/realtime/client/serving.js";
import { call, contract } from "#src/realtime/contract/index.js";
import { RealtimeError } from "#src/realtime/wire/index.js";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

const api = contract({
  calls: {
    order: call({ input: z.object({ size: z.number() }), output: z.string(), idempotent: true }),
    add: call({ input: z.number(), output: z.number() }),
    tail: call({ input: z.string(), stream: z.number() }),
  },
  clientCalls: {
    confirm: call({ input: z.string(), output: z.boolean() }),
    count: call({ input: z.number(), stream: z.number() }),
  },
});

async function opened() {
  const server = new FakeServer();
  const client = server.clientOf(api);
  const peer = await server.welcome();
  return { server, client, peer };
}

describe("a call", () => {
  it("is answered, or fails with what the server says", async () => {
    const { server, client, peer } = await opened();
    const done = client.call("add", 5);
    const failed = client.call("add", 6);
    await server.clock.settle();
    peer.ok(peer.next("call", "add", 5, { timeoutMs: 30_000 }), 6);
    assert.equal(await done, 6);
    peer.err(peer.next("call", "add", 6), "too-large-a-number", { retryable: true, data: { max: 5 } });
    await assert.rejects(failed, (error: unknown) => {
      assert.ok(error instanceof RealtimeError);
      assert.deepEqual(error.toBody(), {
        code: "too-large-a-number",
        message: "too-large-a-number",
        retryable: true,
        retryAfterMs: undefined,
        data: { max: 5 },
      });
      return true;
    });
    await client.close();
  });

  it("is sent again after a reconnect where it is idempotent, and fails where it is not", async () => {
    const { server, client, peer } = await opened();
    const order = client.call("order", { size: 1 });
    const own = client.call("add", 1, { idempotencyKey: "mine" });
    const plain = client.call("add", 2);
    await server.clock.settle();
    const key = (peer.frames[0]?.[4] as { readonly key?: string }).key;
    assert.equal(typeof key, "string");
    peer.end();
    await assert.rejects(plain, { code: "connection-lost", retryable: false });
    const waiting = client.call("add", 3);
    await server.clock.runUntil(() => server.peers.length === 2);
    const next = await server.welcome();
    next.ok(next.next("call", "order", { size: 1 }, { key, timeoutMs: 30_000 }), "receipt");
    next.ok(next.next("call", "add", 1, { key: "mine", timeoutMs: 30_000 }), 2);
    // It had not been sent, so that it cannot have run.
    next.ok(next.next("call", "add", 3), 4);
    assert.deepEqual(await Promise.all([order, own, waiting]), ["receipt", 2, 4]);
    await client.close();
  });

  it("is cancelled when nobody waits any more, and its answer means nothing then", async () => {
    const { server, client, peer } = await opened();
    const abort = new AbortController();
    const aborted = client.call("add", 1, { signal: abort.signal });
    const late = client.call("add", 2, { timeoutMs: 50 });
    await server.clock.settle();
    const first = peer.next("call", "add", 1);
    const second = peer.next("call", "add", 2, { timeoutMs: 50 });
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/u);
    await server.clock.advance(50);
    await assert.rejects(late, { code: "timeout", retryable: true });
    assert.equal(peer.next("cancel"), first);
    assert.equal(peer.next("cancel"), second);
    peer.err(first, "cancelled");
    peer.ok(second, 3);
    peer.ok(second, 3);
    assert.equal(client.state.name, "open");
    await client.close();
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("fails when the client is closed, whatever it was waiting for", async () => {
    const server = new FakeServer();
    const client = server.clientOf(api);
    const waiting = client.call("add", 1);
    await client.close();
    await assert.rejects(waiting, { code: "client-closed" });
  });
});

describe("a call with a stream of results", () => {
  it("begins with the loop, and gives credit as results are taken", async () => {
    const { server, client, peer } = await opened();
    const results = client.stream("tail", "log", { credit: 4 });
    await server.clock.settle();
    peer.nothing();
    const first = results.next();
    await server.clock.settle();
    const r = peer.next("call", "tail", "log", { credit: 4 });
    for (let index = 1; index <= 4; index++) peer.say(["item", r, index]);
    assert.deepEqual(await first, { done: false, value: 1 });
    await server.clock.settle();
    peer.nothing();
    assert.deepEqual(await results.next(), { done: false, value: 2 });
    await server.clock.settle();
    assert.deepEqual(peer.frames.shift(), ["credit", r, 2]);
    peer.say(["item", r, 5], ["ok", r]);
    const rest = [];
    for await (const value of results) rest.push(value);
    assert.deepEqual(rest, [3, 4, 5]);
    assert.equal(client.pendingRequests, 0);
    await client.close();
  });

  it("is cancelled when the loop is left", async () => {
    const { server, client, peer } = await opened();
    const left = (async () => {
      for await (const value of client.stream("tail", "log")) {
        if (value === 1) break;
      }
    })();
    await server.clock.settle();
    const r = peer.next("call", "tail", "log", { credit: 32 });
    peer.say(["item", r, 1], ["item", r, 2]);
    await left;
    await server.clock.settle();
    assert.equal(peer.next("cancel"), r);
    peer.say(["item", r, 3], ["err", r, { code: "cancelled", message: "", retryable: false }]);
    assert.equal(client.state.name, "open");
    assert.equal(client.pendingRequests, 0);
    await client.close();
  });

  it("throws what ends it: the server's error, the loss of the connection, the signal", async () => {
    const { server, client, peer } = await opened();
    const refused = new Recorded(client.stream("tail", "a"));
    await server.clock.settle();
    const r = peer.next("call", "tail", "a");
    peer.say(["item", r, 1], ["err", r, { code: "forbidden", message: "", retryable: false }]);
    await server.clock.settle();
    assert.deepEqual(refused.events, [1]);
    assert.equal((refused.error as RealtimeError).code, "forbidden");
    const abort = new AbortController();
    const aborted = new Recorded(client.stream("tail", "b", { signal: abort.signal }));
    const lost = new Recorded(client.stream("tail", "c"));
    await server.clock.settle();
    abort.abort(new Error("enough"));
    peer.end();
    await server.clock.settle();
    assert.match(String(aborted.error), /enough/u);
    assert.equal((lost.error as RealtimeError).code, "connection-lost");
    await client.close();
  });

  it("ends the connection where the server sends more than it may", async () => {
    const { server, client, peer } = await opened();
    const results = client.stream("tail", "a", { credit: 2 });
    void results.next();
    await server.clock.settle();
    const r = peer.next("call");
    for (let index = 0; index < 4; index++) peer.say(["item", r, index]);
    assert.equal(peer.closedWith?.[0], 4400);
    await client.close();
    assert.throws(() => client.stream("tail", "a", { credit: 0 }), RangeError);
  });
});

describe("a call of the server's", () => {
  it("is answered by its handler", async () => {
    const { server, client, peer } = await opened();
    const stop = client.handle("confirm", (question) => question === "sure?");
    assert.throws(() => client.handle("confirm", () => true), TypeError);
    peer.say(["call", 1, "confirm", "sure?"], ["call", 2, "confirm", "really?"], ["call", 3, "unknown", 1]);
    await server.clock.settle();
    assert.deepEqual(peer.frames.splice(0), [
      ["err", 3, { code: "not-found", message: "not-found", retryable: false }],
      ["ok", 1, true],
      ["ok", 2, false],
    ]);
    stop();
    client.handle("confirm", () => {
      throw new Error("a secret");
    });
    stop();
    peer.say(["call", 4, "confirm", ""]);
    await server.clock.settle();
    assert.deepEqual(peer.frames.splice(0), [["err", 4, { code: "internal", message: "internal", retryable: false }]]);
    assert.match(server.printed[0] ?? "", /a secret/u);
    await client.close();
  });

  it("is refused with the error that its handler throws, and internal for an answer that is no value", async () => {
    const server = new FakeServer();
    const client = server.client();
    client.handle("a", () => {
      throw new RealtimeError("busy", "later", { retryable: true, retryAfterMs: 5 });
    });
    client.handle("b", () => 5n);
    const peer = await server.welcome();
    peer.say(["call", 1, "a", null], ["call", 2, "b", null]);
    await server.clock.settle();
    assert.deepEqual(peer.frames[0], ["err", 1, { code: "busy", message: "later", retryable: true, retryAfterMs: 5 }]);
    assert.deepEqual(peer.frames[1]?.slice(0, 2), ["err", 2]);
    await client.close();
  });

  it("is given up when the server cancels it or the connection is lost", async () => {
    const server = new FakeServer();
    const client = server.client();
    const reasons: unknown[] = [];
    client.handle(
      "wait",
      (_input, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push((signal.reason as RealtimeError).code);
            reject(signal.reason as Error);
          });
        }),
    );
    const peer = await server.welcome();
    peer.say(["call", 1, "wait", null], ["call", 2, "wait", null], ["cancel", 1], ["cancel", 99], ["credit", 99, 1]);
    await server.clock.settle();
    assert.deepEqual(peer.frames[0]?.slice(0, 2), ["err", 1]);
    peer.end();
    await server.clock.settle();
    assert.deepEqual(reasons, ["cancelled", "connection-lost"]);
    assert.deepEqual(server.printed, []);
    await client.close();
  });

  it("gives a stream of results as fast as there is credit", async () => {
    const { server, client, peer } = await opened();
    let produced = 0;
    client.handle("count", async function* (to) {
      for (let value = 1; value <= to; value++) {
        produced = value;
        yield value;
      }
    });
    peer.say(["call", 1, "count", 4, { credit: 2 }]);
    await server.clock.settle();
    assert.deepEqual(peer.frames.splice(0), [
      ["item", 1, 1],
      ["item", 1, 2],
    ]);
    assert.equal(produced, 3);
    peer.say(["credit", 1, 5]);
    await server.clock.settle();
    assert.deepEqual(peer.frames.splice(0), [
      ["item", 1, 3],
      ["item", 1, 4],
      ["ok", 1],
    ]);
    peer.say(["call", 2, "count", 4], ["cancel", 2]);
    await server.clock.settle();
    assert.deepEqual(peer.frames[0]?.slice(0, 2), ["err", 2]);
    await client.close();
  });

  it("runs once for each key", async () => {
    const server = new FakeServer();
    const client = server.client();
    let runs = 0;
    client.handle("pay", () => ++runs);
    const peer = await server.welcome();
    peer.say(["call", 1, "pay", null, { key: "k" }], ["call", 2, "pay", null, { key: "k" }], ["call", 3, "pay", null]);
    await server.clock.settle();
    const next = await server.reconnect();
    next.say(["call", 1, "pay", null, { key: "k" }]);
    await server.clock.settle();
    assert.deepEqual(next.frames, [["ok", 1, 1]]);
    assert.equal(runs, 2);
    // Only so many are remembered.
    for (let key = 0; key < 64; key++) next.say(["call", key + 10, "pay", null, { key: String(key) }]);
    await server.clock.settle();
    next.say(["call", 99, "pay", null, { key: "k" }]);
    await server.clock.settle();
    assert.deepEqual(next.frames.at(-1), ["ok", 99, 67]);
    await client.close();
  });

  it("is refused where there are too many at once, and fatal where its number is taken", async () => {
    const server = new FakeServer();
    const client = server.client();
    client.handle("wait", () => new Promise(() => undefined));
    const peer = await server.welcome();
    for (let r = 1; r <= 65; r++) peer.say(["call", r, "wait", null]);
    await server.clock.settle();
    assert.equal((peer.frames[0]?.[2] as { code?: unknown }).code, "too-many");
    peer.say(["call", 1, "wait", null]);
    await server.clock.settle();
    assert.equal(peer.closedWith?.[0], 4400);
    await client.close();
  });
});

/**
 * Connections of a client: docs/protocol.md, "Session" and "Close codes".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientState } from "#src/realtime/client/index.js";
import { jsonCodec, type RealtimeError } from "#src/realtime/wire/index.js";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

function names(states: readonly ClientState[]): string[] {
  return states.map(({ name }) => name);
}

describe("a session", () => {
  it("begins with hello, and is open with welcome", async () => {
    const server = new FakeServer();
    const states: ClientState[] = [];
    const client = server.client({ token: { any: "thing" }, state: (state) => states.push(state) });
    assert.deepEqual(client.state, { name: "connecting", attempt: 1 });
    await server.clock.settle();
    assert.deepEqual(server.attempts[0]?.options.protocols, ["openline.v1.json"]);
    const hello = server.peer.frames[0]?.[1] as { readonly client: string; readonly token: unknown };
    assert.deepEqual(hello.token, { any: "thing" });
    assert.match(hello.client, /^[0-9a-v]{8,24}$/u);
    assert.equal(client.state.name, "connecting");
    await server.welcome();
    assert.deepEqual(client.state, { name: "open", session: "s1", user: "u1" });
    const peer = await server.reconnect();
    assert.deepEqual(names(states), ["open", "waiting", "connecting", "open"]);
    const end = await client.close();
    assert.equal(end.why, "closed");
    assert.equal(peer.closedWith?.[0], 1000);
    assert.equal(client.state.name, "closed");
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("is the same client over all connections, with a fresh token and a fresh URL for each", async () => {
    const server = new FakeServer();
    let count = 0;
    const client = server.client({ token: async () => `token ${String(++count)}` });
    await server.clock.settle();
    const [first] = server.peer.frames;
    await server.welcome();
    server.peer.end();
    await server.clock.runUntil(() => server.peers.length === 2);
    const [second] = server.peer.frames;
    assert.deepEqual(first?.[1], { ...(second?.[1] as object), token: "token 1" });
    await client.close();
  });

  it("tells of its states to loops, the present one first and the last one last", async () => {
    const server = new FakeServer();
    const client = server.client();
    const loop = new Recorded(client.states());
    await server.welcome();
    await client.close();
    await server.clock.settle();
    assert.deepEqual(names(loop.events), ["connecting", "open", "closed"]);
    assert.equal(loop.isOver, true);
  });

  it("is tried again after failures, ever more rarely, and at once when it is woken or told to", async () => {
    const server = new FakeServer();
    server.random = () => 0.999;
    server.refusal = new Error("no network");
    const client = server.client();
    await server.clock.advance(0);
    assert.equal(server.attempts.length, 1);
    await server.clock.advance(1000);
    assert.equal(server.attempts.length, 2);
    await server.clock.advance(1000);
    assert.equal(server.attempts.length, 2);
    await server.clock.advance(1000);
    assert.equal(server.attempts.length, 3);
    client.reconnectNow();
    await server.clock.settle();
    assert.equal(server.attempts.length, 4);
    await server.clock.advance(2000);
    server.wake();
    await server.clock.settle();
    assert.equal(server.attempts.length, 5);
    await client.close();
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("gives up an attempt that takes too long, with the hello that nobody answers", async () => {
    const server = new FakeServer();
    const client = server.client({ reconnect: { attemptTimeoutMs: 500 } });
    await server.clock.advance(499);
    const [peer] = server.peers;
    assert.equal(peer?.isTerminated, false);
    await server.clock.advance(1);
    assert.equal(peer.isTerminated, true);
    assert.equal(client.state.name, "waiting");
    assert.ok(client.state.name === "waiting" && client.state.loss.kind === "attempt-failed");
    assert.equal((client.state.loss.error as { code: string }).code, "timeout");
    await client.close();
  });

  for (const [code, expected] of [
    [1001, "waiting"],
    [1012, "waiting"],
    [1013, "waiting"],
    [4400, "closed"],
    [4401, "closed"],
    [4403, "closed"],
    [4408, "waiting"],
    [4429, "waiting"],
  ] as const) {
    it(`is ${expected} after close code ${String(code)}`, async () => {
      const server = new FakeServer();
      const client = server.client();
      const peer = await server.welcome();
      peer.closeWith(code);
      await server.clock.settle();
      assert.equal(client.state.name, expected);
      if (code === 4429) assert.ok(client.state.name === "waiting" && client.state.delayMs >= 5000);
      await client.close();
      assert.equal((await client.closed).why, expected === "closed" ? "refused" : "closed");
    });
  }

  it("asks for another token after 4401, where there is a function for it", async () => {
    const server = new FakeServer();
    const client = server.client({ token: () => "fresh" });
    const peer = await server.welcome();
    peer.closeWith(4401);
    await server.clock.settle();
    assert.equal(client.state.name, "waiting");
    await client.close();
  });

  it("is over where the option retry says so, after so many attempts, or when the signal is aborted", async () => {
    const refusing = new FakeServer();
    refusing.refusal = new Error("no network");
    const told: string[] = [];
    const client = refusing.client({
      reconnect: {
        retry: (loss) => {
          told.push(loss.kind);
          return false;
        },
      },
    });
    await refusing.clock.settle();
    assert.equal((await client.closed).why, "refused");
    assert.deepEqual(told, ["attempt-failed"]);

    const few = refusing.client({ reconnect: { maxAttempts: 2 } });
    await refusing.clock.advance(10_000);
    assert.equal((await few.closed).why, "too-many-attempts");

    const abort = new AbortController();
    const aborted = refusing.client({ signal: abort.signal });
    abort.abort();
    assert.equal((await aborted.closed).why, "aborted");
    const before = refusing.client({ signal: abort.signal });
    assert.equal((await before.closed).why, "aborted");
    assert.equal(refusing.clock.pendingTimers, 0);
  });

  it("is not begun with a server that speaks no such protocol", async () => {
    const server = new FakeServer();
    server.protocol = "";
    const client = server.client();
    await server.clock.settle();
    assert.equal(server.peer.isTerminated, true);
    assert.ok(client.state.name === "waiting" && client.state.loss.kind === "attempt-failed");
    assert.equal((client.state.loss.error as RealtimeError).code, "protocol-broken");
    await client.close();
  });

  it("offers the codecs that it is given, and takes the one that the server chose", async () => {
    const server = new FakeServer();
    const other = { ...jsonCodec, subprotocol: "openline.v1.other" };
    const client = server.client({ codecs: [other, jsonCodec] });
    await server.welcome();
    assert.deepEqual(server.attempts[0]?.options.protocols, ["openline.v1.other", "openline.v1.json"]);
    await client.close();
  });

  for (const [what, message] of [
    ["no frame at all", "{"],
    ["an unknown operation", '["nonsense"]'],
    ["welcome twice", '["welcome",{"session":"s","user":null,"timeMs":1,"pingMs":1000,"maxMessageBytes":1}]'],
    ["octets", Uint8Array.of(1)],
  ] as const) {
    it(`is closed with 4400 after ${what}, and begun anew`, async () => {
      const server = new FakeServer();
      const client = server.client();
      const peer = await server.welcome();
      peer.raw(message);
      assert.equal(peer.closedWith?.[0], 4400);
      assert.ok(Buffer.byteLength(peer.closedWith[1] ?? "") <= 123);
      assert.equal(client.state.name, "waiting");
      await server.clock.runUntil(() => server.peers.length === 2);
      await server.welcome();
      assert.equal(client.state.name, "open");
      await client.close();
    });
  }

  it("takes nothing before welcome", async () => {
    const server = new FakeServer();
    const client = server.client();
    await server.clock.settle();
    server.peer.say(["expiring", { inMs: 5 }]);
    assert.equal(server.peer.closedWith?.[0], 4400);
    await client.close();
  });

  it("answers a request that is wrong with bad-request, and goes on", async () => {
    const server = new FakeServer();
    const client = server.client();
    const peer = await server.welcome();
    peer.say(["call", 7, ""]);
    await server.clock.settle();
    const [frame] = peer.frames;
    assert.deepEqual(frame?.slice(0, 2), ["err", 7]);
    assert.equal((frame?.[2] as { code?: unknown }).code, "bad-request");
    assert.equal(client.state.name, "open");
    await client.close();
  });

  it("answers pings", async () => {
    const server = new FakeServer();
    const client = server.client();
    const peer = await server.welcome();
    peer.say(["ping", 3]);
    await server.clock.settle();
    assert.deepEqual(peer.frames[0]?.slice(0, 2), ["ok", 3]);
    assert.equal(typeof peer.frames[0]?.[2], "number");
    await client.close();
  });

  it("is not disturbed by what its own functions throw", async () => {
    const server = new FakeServer();
    const errors: unknown[] = [];
    const client = server.client({
      state: () => {
        throw new Error("a state that fails");
      },
      error: (error) => {
        errors.push(error);
        throw new Error("an error handler that fails");
      },
      reconnect: {
        retry: () => {
          throw new Error("a retry that fails");
        },
      },
    });
    await server.welcome();
    await server.reconnect();
    assert.equal(client.state.name, "open");
    assert.ok(errors.length >= 4);
    assert.equal(server.printed.length, errors.length);
    await client.close();
  });
});

describe("silence", () => {
  it("is looked into after pingMs, and a server that does not answer is left", async () => {
    const server = new FakeServer();
    const client = server.client();
    const peer = await server.welcome({ pingMs: 4000 });
    server.answersPings = false;
    await server.clock.advance(3000);
    peer.say(["ok", 999]);
    await server.clock.advance(3000);
    peer.nothing();
    await server.clock.advance(1000);
    peer.next("ping");
    await server.clock.advance(3999);
    assert.equal(peer.isTerminated, false);
    await server.clock.advance(1);
    assert.equal(peer.isTerminated, true);
    assert.equal(client.state.name, "waiting");
    await client.close();
  });

  it("is looked into at once when something has changed", async () => {
    const server = new FakeServer();
    const client = server.client();
    const peer = await server.welcome();
    server.answersPings = false;
    server.wake();
    await server.clock.settle();
    peer.next("ping");
    await client.close();
  });
});

describe("the server's clock", () => {
  it("is estimated from the round trip that took least", async () => {
    const server = new FakeServer();
    const client = server.client();
    assert.equal(client.serverTimeMs(), undefined);
    await server.clock.settle();
    server.answersPings = false;
    // Welcome takes 100 ms, and the server's clock says what it is in the middle of it.
    await server.clock.advance(100);
    server.peer.welcome({ timeMs: server.nowMs() - 80 });
    await server.clock.advance(10);
    const ping = server.peer.next("ping");
    server.peer.ok(ping, server.nowMs() - 5);
    assert.equal(client.roundTripMs, 10);
    assert.equal(client.serverTimeMs(), server.nowMs());
    await client.close();
  });

  it("is nothing that a server can break", async () => {
    const server = new FakeServer();
    const client = server.client();
    server.answersPings = false;
    const peer = await server.welcome();
    peer.ok(peer.next("ping"), "noon");
    assert.equal(client.serverTimeMs(), server.nowMs());
    await client.close();
  });
});

describe("a token that runs out", () => {
  it("is replaced without a new connection", async () => {
    const server = new FakeServer();
    let count = 0;
    const client = server.client({ token: () => ++count });
    const peer = await server.welcome();
    peer.say(["expiring", { inMs: 60_000 }]);
    await server.clock.settle();
    peer.ok(peer.next("token", 2));
    const refreshed = client.refreshToken();
    await server.clock.settle();
    peer.err(peer.next("token", 3), "forbidden");
    await assert.rejects(refreshed, { code: "forbidden" });
    assert.equal(client.state.name, "open");
    await client.close();
  });

  it("is told of where there is no other", async () => {
    const server = new FakeServer();
    const errors: unknown[] = [];
    let fails = false;
    const client = server.client({
      token: () => {
        if (fails) throw new Error("no token");
        return 1;
      },
      error: (error) => errors.push(error),
    });
    const peer = await server.welcome();
    fails = true;
    peer.say(["expiring", { inMs: 1 }]);
    await server.clock.settle();
    assert.match(String(errors[0]), /no token/u);
    await client.close();
  });
});

describe("goaway", () => {
  it("is followed by another connection, at a moment by chance, before this one is let go", async () => {
    const server = new FakeServer();
    server.random = () => 0.5;
    const states: ClientState[] = [];
    const client = server.client({ state: (state) => states.push(state) });
    const old = await server.welcome();
    const loop = new Recorded(client.channel("room/7"));
    await old.subscribed("room/7", { n: 5, kind: "log" });
    const call = client.call("slow");
    const published = client.channel("room/7").publish("a");
    await server.clock.settle();
    const slow = old.next("call", "slow");
    old.next("pub", 5, "a");
    old.say(["goaway", { afterMs: 10_000, code: 1012 }]);
    await server.clock.advance(4999);
    assert.equal(server.peers.length, 1);
    await server.clock.advance(1);
    assert.equal(server.peers.length, 2);
    // Until the next one is open, all goes on here.
    old.say(["m", 5, "1", "0", "a"]);
    const next = await server.welcome();
    assert.equal(client.state.name, "open");
    next.ok(next.next("sub", "room/7", { since: ["e1", "1"] }), {
      n: 8,
      kind: "log",
      epoch: "e1",
      position: "1",
      recovered: true,
    });
    // What is under way there is finished there, and nothing else is heard of it.
    old.say(["m", 5, "2", "1", "b"]);
    next.say(["m", 8, "2", "1", "b"], ["page", 8, "2", true]);
    next.nothing();
    assert.equal(old.closedWith, undefined);
    old.ok(slow, "done");
    assert.equal(await call, "done");
    assert.equal(old.closedWith, undefined);
    // It goes before it has answered: the message is published by the other one.
    old.end();
    await server.clock.settle();
    next.ok(next.next("pub", 8, "a"), { position: "1", isDuplicate: true });
    await published;
    assert.deepEqual(
      loop.events.map((event) => event.type === "message" && event.value),
      [false, "a", "b", false],
    );
    assert.deepEqual(names(states), ["open", "open"]);
    await client.close();
    assert.equal(server.clock.pendingTimers, 0);
  });

  it("closes the old connection when all is done", async () => {
    const server = new FakeServer();
    const client = server.client();
    const old = await server.welcome();
    old.say(["goaway", { afterMs: 0 }]);
    await server.clock.runUntil(() => server.peers.length === 2);
    await server.welcome();
    assert.equal(old.closedWith?.[0], 1000);
    assert.equal(client.state.name, "open");
    await client.close();
  });

  it("is followed no more often than a loss would be", async () => {
    const server = new FakeServer();
    const client = server.client();
    await server.welcome();
    for (let second = 0; second < 60; second++) {
      const peer = server.peers.at(-1);
      if (peer?.frames[0]?.[0] === "hello") peer.welcome();
      peer?.say(["goaway", { afterMs: 0 }]);
      await server.clock.advance(1000);
    }
    assert.ok(server.peers.length > 20 && server.peers.length <= 61, `${server.peers.length} connections in a minute`);
    await client.close();
  });

  it("is no reason for a wait while there is a connection, and one when there is none any more", async () => {
    const server = new FakeServer();
    const client = server.client();
    const old = await server.welcome();
    server.refusal = new Error("still starting");
    old.say(["goaway", { afterMs: 100 }]);
    await server.clock.runUntil(() => server.attempts.length === 3);
    assert.equal(client.state.name, "open");
    server.refusal = undefined;
    old.closeWith(1012);
    await server.clock.runUntil(() => server.peers.length === 2);
    await server.welcome();
    assert.equal(client.state.name, "open");
    await client.close();
    assert.equal(server.clock.pendingTimers, 0);
  });
});

describe("what leaves", () => {
  it("is one message for each turn, none longer than the server takes", async () => {
    const server = new FakeServer();
    const client = server.client({ maxRequests: 1000 });
    const peer = await server.welcome({ maxMessageBytes: 4096 });
    peer.batches.length = 0;
    const cursor = client.channel("cursor/1", { kind: "signal" });
    for (let index = 0; index < 100; index++) assert.equal(cursor.send("x".repeat(50)), true);
    await server.clock.settle();
    assert.equal(peer.frames.length, 100);
    assert.ok(peer.batches.length > 5 && peer.batches.length < 15, String(peer.batches));
    await client.close();
  });

  it("waits where the connection has no room, and signals are not sent then", async () => {
    const server = new FakeServer();
    const client = server.client();
    const peer = await server.welcome();
    const room = client.channel("room/7");
    const cursor = client.channel("cursor/1", { kind: "signal" });
    peer.answer = { ok: true, status: "buffered" };
    void room.publish("a");
    await server.clock.settle();
    peer.next("pub", "room/7", "a");
    assert.equal(cursor.send(1), false);
    void room.publish("b");
    await server.clock.settle();
    peer.nothing();
    peer.drain();
    await server.clock.settle();
    peer.next("pub", "room/7", "b");
    assert.equal(cursor.send(1), true);
    peer.answer = { ok: false, status: "refused" };
    void room.publish("c");
    await server.clock.settle();
    assert.equal(peer.isTerminated, true);
    await client.close();
  });
});

describe("a client", () => {
  for (const [name, value] of [
    ["timeoutMs", -1],
    ["maxRequests", 0],
    ["maxRequestBytes", Number.NaN],
    ["maxBufferedEvents", "many"],
    ["maxBufferedBytes", 0.5],
  ] as const) {
    it(`refuses ${name} of ${String(value)}`, () => {
      assert.throws(() => new FakeServer().client({ [name]: value }), {
        name: "RangeError",
        message: new RegExp(name),
      });
    });
  }

  it("refuses settings of reconnecting that are out of their range", () => {
    assert.throws(() => new FakeServer().client({ reconnect: { factor: 0 } }), /reconnect\.factor/u);
  });

  it("can be disposed of", async () => {
    const server = new FakeServer();
    let closed;
    {
      await using client = server.client();
      closed = client.closed;
    }
    assert.equal((await closed).why, "closed");
  });
});

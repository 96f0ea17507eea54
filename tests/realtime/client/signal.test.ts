/**
 * Signals on the client's side: docs/protocol.md, "signal".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

async function opened(options?: Parameters<FakeServer["client"]>[0]) {
  const server = new FakeServer();
  const client = server.client(options);
  const peer = await server.welcome();
  return { server, client, peer };
}

describe("a signal", () => {
  it("comes with who sent it, and with how many were dropped", async () => {
    const { server, client, peer } = await opened();
    const loop = new Recorded(client.channel("cursor/1", { kind: "signal" }));
    await server.clock.settle();
    peer.ok(peer.next("sub", "cursor/1"), { n: 3, kind: "signal" });
    peer.say(["s", 3, [1, 2], "u1"], ["lost", 3, 2], ["s", 3, null], ["m", 3, "1", "0", "not of this kind"]);
    await server.clock.settle();
    assert.deepEqual(loop.events, [
      { type: "message", value: [1, 2], user: "u1" },
      { type: "lost", count: 2 },
      { type: "message", value: null, user: undefined },
    ]);
    // At most once: nothing of what was is asked for.
    const next = await server.reconnect();
    assert.deepEqual(next.frames[0]?.slice(2), ["cursor/1", {}]);
    await client.close();
  });

  it("is dropped, the oldest first, by a loop that is slow", async () => {
    const { server, client, peer } = await opened({ maxBufferedEvents: 3 });
    const slow = client.channel("cursor/1", { kind: "signal" })[Symbol.asyncIterator]();
    await server.clock.settle();
    peer.ok(peer.next("sub", "cursor/1"), { n: 3, kind: "signal" });
    for (let index = 1; index <= 1000; index++) peer.say(["s", 3, index], ["lost", 3, 10], ["lost", 3, 1]);
    for (let index = 1001; index <= 1002; index++) peer.say(["s", 3, index]);
    const events: unknown[] = [];
    for (let taken = 0; taken < 4; taken++) {
      const { value } = await slow.next();
      events.push(value?.type === "message" ? value.value : value);
    }
    assert.deepEqual(events, [{ type: "lost", count: 1000 + 999 * 11 }, { type: "lost", count: 11 }, 1001, 1002]);
    await client.close();
  });

  it("is sent where there is a connection, and confirmed where that is asked for", async () => {
    const server = new FakeServer();
    const client = server.client();
    const cursor = client.channel("cursor/1", { kind: "signal" });
    assert.equal(cursor.send(1), false);
    const confirmed = cursor.sendConfirmed(2);
    const peer = await server.welcome();
    assert.equal(cursor.send(3), true);
    await server.clock.settle();
    peer.ok(peer.next("sig", "cursor/1", 2));
    await confirmed;
    assert.deepEqual(peer.frames.shift(), ["sig", 0, "cursor/1", 3]);
    const refused = cursor.sendConfirmed(4);
    await server.clock.settle();
    peer.err(peer.next("sig"), "forbidden");
    await assert.rejects(refused, { code: "forbidden" });
    await client.close();
  });
});

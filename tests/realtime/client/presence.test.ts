/**
 * Who is in a channel: docs/protocol.md, "Presence".
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeServer, Recorded } from "../../support/fake-realtime-server.js";

async function opened() {
  const server = new FakeServer();
  const client = server.client();
  const peer = await server.welcome();
  const room = client.channel("room/7", { presence: true });
  return { server, client, peer, room };
}

const reply = { n: 5, kind: "log", epoch: "e1", position: "0" };

function brief(events: readonly { readonly came: ReadonlyMap<string, unknown>; readonly left: ReadonlySet<string> }[]) {
  return events.map(({ came, left }) => [[...came.keys()], [...left]]);
}

describe("presence", () => {
  it("is who is there, who comes and who leaves", async () => {
    const { server, client, peer, room } = await opened();
    const heard: unknown[] = [];
    const stop = room.presence.listen((event) => heard.push(event));
    const loop = new Recorded(room.presence);
    await server.clock.settle();
    peer.ok(peer.next("sub", "room/7", { presence: true }), reply);
    const users = [
      ["a", { typing: true }, 1],
      ["b", null, 2],
    ];
    peer.say(["who", 5, { count: 2, isSample: false, users }]);
    peer.say(
      [
        "came",
        5,
        [
          ["c", 1, 1],
          ["b", 5, 1],
        ],
        3,
      ],
      ["left", 5, ["a", "nobody"], 2],
    );
    await server.clock.settle();
    assert.deepEqual(brief(loop.events), [
      [["a", "b"], []],
      // Two in one turn are one to a loop.
      [["c", "b"], ["a"]],
    ]);
    assert.equal(heard.length, 3);
    assert.deepEqual(
      [...room.presence.users],
      [
        ["b", { state: 5, connections: 1 }],
        ["c", { state: 1, connections: 1 }],
      ],
    );
    assert.equal(room.presence.count, 2);
    assert.equal(room.presence.isSample, false);
    // After a reconnect, all there is to know comes again: what has changed is told.
    const next = await server.reconnect();
    next.ok(next.next("sub"), reply);
    next.say([
      "who",
      5,
      {
        count: 400,
        isSample: true,
        users: [
          ["c", 1, 1],
          ["d", 1, 1],
        ],
      },
    ]);
    await server.clock.settle();
    assert.deepEqual(brief(loop.events).at(-1), [["c", "d"], ["b"]]);
    assert.equal(room.presence.isSample, true);
    stop();
    await loop.leave();
    await server.clock.settle();
    assert.equal(room.status, "idle");
    assert.equal(room.presence.users.size, 0);
    await client.close();
  });

  it("is told to a slow loop as what has changed since", async () => {
    const { server, client, peer, room } = await opened();
    const slow = room.presence[Symbol.asyncIterator]();
    await server.clock.settle();
    peer.ok(peer.next("sub"), reply);
    for (let round = 0; round < 500; round++) {
      peer.say(
        [
          "came",
          5,
          [
            ["a", round, 1],
            ["b", round, 1],
          ],
          2,
        ],
        ["left", 5, ["b"], 1],
        ["left", 5, ["a"], 0],
      );
      peer.say(["came", 5, [["a", round, 1]], 1]);
    }
    const { value } = await slow.next();
    assert.ok(value !== undefined);
    assert.deepEqual(brief([value]), [[["a"], ["b"]]]);
    assert.equal(value.count, 1);
    await client.close();
  });

  it("shows what one shows of oneself, after a reconnect, too", async () => {
    const { server, client, peer, room } = await opened();
    const first = room.presence.show({ typing: true });
    new Recorded(room);
    await server.clock.settle();
    peer.ok(peer.next("sub"), reply);
    await server.clock.settle();
    const r = peer.next("pres", 5, { typing: true });
    const second = room.presence.show(null);
    await server.clock.settle();
    peer.ok(r);
    await first;
    peer.next("pres", 5, null);
    // The answer is lost with the connection.
    const next = await server.reconnect();
    next.ok(next.next("sub"), reply);
    await server.clock.settle();
    next.ok(next.next("pres", 5, null));
    await second;
    const refused = room.presence.show(5);
    await server.clock.settle();
    next.err(next.next("pres", 5, 5), "forbidden");
    await assert.rejects(refused, { code: "forbidden" });
    await assert.rejects(room.presence.show(5n), TypeError);
    void room.presence.show("nobody looks");
    await client.close();
  });

  it("is shown no more when everybody has left", async () => {
    const { server, client, peer, room } = await opened();
    const shown = room.presence.show(1);
    const stop = room.listen(() => undefined);
    stop();
    await assert.rejects(shown, { code: "cancelled" });
    await server.clock.settle();
    peer.ok(peer.next("sub"), reply);
    await server.clock.settle();
    peer.next("unsub");
    peer.nothing();
    await client.close();
  });
});

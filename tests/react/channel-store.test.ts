/**
 * When a channel is subscribed for components, and when not any more.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { storesOf } from "#src/react/stores.js";
import { FakeServer } from "../support/fake-realtime-server.js";

const nobody = (): void => undefined;

async function following() {
  const server = new FakeServer();
  const client = server.client();
  const peer = await server.welcome();
  const store = storesOf(client).of("room/7", "log");
  const leave = store.join({}, nobody);
  await peer.subscribed("room/7", { n: 4, kind: "log" });
  return { server, client, peer, store, leave };
}

/** Lets everything happen that happens in this turn. */
async function inThisTurn(): Promise<void> {
  for (let continuation = 0; continuation < 20; continuation++) await Promise.resolve();
}

describe("a channel of components", () => {
  it("stays subscribed when one goes and another comes within a turn, and keeps what comes meanwhile", async () => {
    const { server, client, peer, store, leave } = await following();
    peer.say(["m", 4, "1", "0", "a"], ["m", 4, "2", "1", "b"]);
    leave();
    await inThisTurn();
    peer.say(["m", 4, "3", "2", "c"]);
    const leaveAgain = store.join({}, nobody);
    await server.clock.settle();
    peer.nothing();
    const snapshot = store.getSnapshot();
    assert.ok(snapshot.kind === "log");
    assert.deepEqual(
      snapshot.messages.map(({ value }) => value),
      ["a", "b", "c"],
    );
    leaveAgain();
    await client.close();
  });

  it("is unsubscribed a turn after the last one has gone, and forgets", async (t) => {
    const { server, client, peer, store, leave } = await following();
    peer.say(["m", 4, "1", "0", "a"]);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    leave();
    await inThisTurn();
    peer.nothing();
    t.mock.timers.tick(1);
    await server.clock.settle();
    peer.next("unsub", 4);
    const snapshot = store.getSnapshot();
    assert.ok(snapshot.kind === "log");
    assert.deepEqual([snapshot.messages, snapshot.status], [[], "loading"]);
    await client.close();
  });

  it("is one for all who ask by its name", async () => {
    const { client, store, leave } = await following();
    assert.equal(storesOf(client).of("room/7", undefined), store);
    leave();
    await client.close();
  });
});

/**
 * The channels that a client knows, and how long.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FakeServer } from "../../support/fake-realtime-server.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects what can be, and lets those hear of it who asked. */
async function collected(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  await new Promise((resolve) => setImmediate(resolve));
}

function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe("a client's channels", () => {
  it("are the same as long as somebody holds them, subscribed or not", async () => {
    const client = new FakeServer().client();
    const held = client.channel("held", { last: 3 });
    await collected();
    assert.equal(client.channel("held"), held);
    const stop = held.listen(() => undefined);
    stop();
    await collected();
    assert.equal(client.channel("held"), held);
    await client.close();
  });

  it("live on while somebody listens, publishes or shows something, though nobody holds them", async () => {
    const server = new FakeServer();
    const client = server.client();
    const heard: unknown[] = [];
    const weak = ["listened", "published", "shown"].map((name) => new WeakRef(client.channel(name)));
    client.channel("listened").listen((event) => heard.push(event));
    const published = client.channel("published").publish(1);
    const shown = client.channel("shown").presence.show("me");
    await collected();
    assert.ok(weak.every((channel) => channel.deref() !== undefined));
    const peer = await server.welcome();
    peer.ok(peer.next("sub", "listened"), { n: 1, kind: "log", epoch: "e", position: "0" });
    peer.ok(peer.next("pub", "published"), { position: "1" });
    assert.deepEqual(await published, { position: "1" });
    await server.clock.settle();
    assert.equal(heard.length, 1);
    await collected();
    assert.equal(weak[1]?.deref(), undefined);
    assert.ok(weak[0]?.deref() !== undefined && weak[2]?.deref() !== undefined);
    await client.close();
    await assert.rejects(shown, { code: "cancelled" });
  });

  it("are let go when nobody does, and leave nothing behind", async () => {
    const client = new FakeServer().client();
    const visit = (from: number): void => {
      for (let index = from; index < from + 2000; index++) {
        const stop = client.channel(`room/${String(index)}`).listen(() => undefined);
        stop();
      }
    };
    visit(0);
    await collected();
    const before = heldBytes();
    visit(2000);
    await collected();
    const grown = heldBytes() - before;
    // A channel with its name in the map has more than 100 octets, were it only that.
    assert.ok(grown < 100 * 2000, `${String(grown)} octets`);
    await client.close();
  });
});

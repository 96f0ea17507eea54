import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Engine } from "#src/realtime/engines/index.js";
import { TcpProxy } from "../proxy.js";
import { createHost } from "../world.js";
import { NatsServer, noNats } from "./server.js";
import { TamperedLink } from "./tampered.js";
import { NatsNodes } from "./world.js";

const nobody = { came: () => undefined, left: () => undefined };
// For what must not be needed.
const neverMs = 600_000;

function isMade(subjects: readonly string[]): boolean {
  return subjects.some((subject) => subject.startsWith("$JS.API.CONSUMER.CREATE"));
}

describe("presence over NATS, of which not all comes", { skip: noNats }, () => {
  let server: NatsServer;
  let nodes: NatsNodes;
  let other: Engine;
  let link: TamperedLink;
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.dispose());
  beforeEach(async () => {
    nodes = new NatsNodes(server);
    link = new TamperedLink();
    other = await nodes.start();
    await other.presence.beat("stays", neverMs);
    await other.presence.put("stays", "room", { user: "ann", state: null, connections: 1 });
  });
  afterEach(() => nodes.dispose());

  it("is known though what was still to come has been taken away", async (t) => {
    const proxy = await TcpProxy.start(server.port);
    t.after(() => proxy.dispose());
    const node = await nodes.start({ servers: proxy.url("nats") });
    await other.presence.beat("goes", neverMs);
    // More than the server sends before it asks whether it was taken.
    const state = "x".repeat(200_000);
    for (let user = 0; user < 40; user++) {
      await other.presence.put("goes", "room", { user: `bob ${String(user)}`, state, connections: 1 });
    }
    proxy.silence();
    const watching = node.presence.watch("room", nobody);
    await untilTold();
    await other.presence.dropNode("goes");
    proxy.resume();
    await watching;
    const { users } = await node.presence.list("room", 10);
    assert.deepEqual(
      users.map(({ user }) => user),
      ["ann"],
    );
  });

  /** Resolves when the server has begun to tell what was asked for. */
  async function untilTold(): Promise<void> {
    interface List {
      readonly consumers?: readonly { readonly num_pending: number; readonly delivered: { consumer_seq: number } }[];
    }
    for (;;) {
      const answer = await nodes.connections[0]?.request(`$JS.API.CONSUMER.LIST.${nodes.prefix}_presence`);
      const begun = answer
        ?.json<List>()
        .consumers?.filter((consumer) => consumer.num_pending > 0 && consumer.delivered.consumer_seq > 0);
      if (begun !== undefined && begun.length > 0) return;
    }
  }

  it("is unavailable when nothing comes after its consumer was made", async () => {
    const node = await nodes.start({ connect: link.connect, timeoutMs: 300 });
    link.isDeaf = true;
    await assert.rejects(node.presence.watch("room", nobody), { code: "unavailable" });
    assert.equal((await other.presence.list("room", 10)).count, 1);
    link.isDeaf = false;
    const { stop } = await node.presence.watch("room", nobody);
    assert.equal((await node.presence.list("room", 10)).count, 1);
    stop();
  });

  it("has nobody back who left, nor a state what was deleted, after the server was killed", async (t) => {
    const killed = await NatsServer.start();
    const its = new NatsNodes(killed, { storage: "file" });
    t.after(async () => {
      await its.dispose();
      await killed.dispose();
    });
    const host = createHost();
    const node = await its.start({ deletionsKnownMs: 1000 }, host);
    for (const value of [1, 2]) await node.states.set("board", "key", value, undefined);
    await node.states.delete("board", "key", undefined);
    await node.presence.beat("n", neverMs);
    for (const connections of [1, 0]) await node.presence.put("n", "room", { user: "bob", state: null, connections });
    await host.clock.advance(120_000);
    await its.settle();
    await killed.kill();
    await killed.resume();
    const another = await its.start();
    assert.equal((await another.presence.list("room", 10)).count, 0);
    assert.deepEqual((await another.states.snapshot("board", { limit: 10 })).entries, []);
  });

  it("lets no engine start that does not hear which nodes live", async () => {
    link.isDeaf = true;
    await assert.rejects(nodes.start({ connect: link.connect, timeoutMs: 300 }), { code: "unavailable" });
  });

  it("is closed for who waits for it when the engine is closed", async () => {
    const node = await nodes.start({ connect: link.connect, timeoutMs: neverMs });
    link.isDeaf = true;
    const before = link.answered.items.length;
    const watching = node.presence.watch("room", nobody);
    const closed = assert.rejects(watching, { code: "closed" });
    await link.answered.until((answered) => isMade(answered.slice(before)));
    await node.close();
    await closed;
  });
});

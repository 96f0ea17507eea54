/**
 * What whole nodes do together over the servers of an engine: calls, messages and orders from one to the other, and who is there
 * when they were apart. The same for each engine; one server has all of it, in prefixes of their own.
 */
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { type Server, serve } from "#src/index.js";
import { createClient } from "#src/realtime/client/node/index.js";
import type { Engine } from "#src/realtime/engines/index.js";
import {
  call,
  contract,
  createRealtime,
  log,
  RealtimeError,
  type RealtimeLimits,
  type ServedRealtime,
  unchecked,
} from "#src/realtime/index.js";
import { TcpProxy } from "../engines/proxy.js";
import { Recorder } from "../engines/recorders.js";

const api = contract({
  channels: { "room/{id}": log({ message: unchecked<string>() }) },
  clientCalls: {
    confirm: call({ input: unchecked<string>(), output: unchecked<string>() }),
    notice: call({ input: unchecked<string>() }),
  },
});

type Api = (typeof api)["definition"];
type Client = ReturnType<typeof createClient<Api>>;

/** What the tests need of an engine. */
export interface NodesWorld {
  readonly name: string;
  /** Why its tests are skipped; false where they are not. */
  readonly skip: string | false;
  startServer(): Promise<{ readonly port: number; readonly url: string; dispose(): Promise<void> }>;
  engine(url: string, prefix: string): Engine;
  readonly scheme: string;
}

/** A client, and what became of it. */
class Peer {
  readonly client: Client;
  /** States that it has been in, and why it ended. */
  readonly states = new Recorder<string>();
  /** What was called, and what of it was cancelled. */
  readonly calls = new Recorder<string>();

  /** @param confirms what it answers: an error without one, nothing for ever with "" */
  constructor(url: string, token: string, confirms?: string) {
    this.client = createClient(api, url, {
      token,
      reconnect: { minDelayMs: 20, maxDelayMs: 100 },
      state: (state) => this.states.add(state.name),
    });
    this.client.handle("confirm", async (question, { signal }) => {
      this.calls.add(question);
      if (confirms === undefined) throw new RealtimeError("conflict", "not me");
      if (confirms !== "") return confirms;
      return await new Promise<string>((_, reject) => {
        signal.addEventListener("abort", () => {
          this.calls.add("cancelled");
          reject(signal.reason as Error);
        });
      });
    });
    this.client.handle("notice", (text) => this.calls.add(text));
  }

  opened(): Promise<void> {
    return this.states.until((states) => states.includes("open"));
  }

  ended(): Promise<void> {
    return this.states.until((states) => states.at(-1) === "closed");
  }
}

/** One node with its clients. */
class Node {
  readonly realtime: ServedRealtime<Api>;
  readonly peers: Peer[] = [];
  #server: Server | undefined;

  constructor(engine: Engine, limits: RealtimeLimits, isAllowed: () => boolean) {
    this.realtime = createRealtime(api, {
      engine,
      limits,
      authenticate: ({ token }) => ({ user: String(token) }),
      authorize: { "room/{id}": isAllowed },
      // Those of a node that is cut off.
      error: () => undefined,
    });
  }

  async start(): Promise<void> {
    await this.realtime.ready;
    this.#server = await serve({ port: 0, ...this.realtime.handlers });
  }

  async peer(token: string, confirms?: string): Promise<Peer> {
    const peer = new Peer(`ws://127.0.0.1:${String(this.#server?.port)}`, token, confirms);
    this.peers.push(peer);
    await peer.opened();
    return peer;
  }

  async close(): Promise<void> {
    await Promise.all(this.peers.map(({ client }) => client.close()));
    await this.#server?.close();
    await this.realtime.close();
  }
}

interface Nodes {
  readonly a: Node;
  /** Whose connection goes through `way`. */
  readonly b: Node;
  readonly way: TcpProxy;
  isAllowed: boolean;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Who is there, as a node says, each with their connections. */
async function presentAt({ realtime }: Node): Promise<string> {
  const { users, count } = await realtime.presence("room/1");
  const names = users.map(({ user, connections }) => `${user}${String(connections)}`);
  return `${String(count)}: ${names.sort().join(" ")}`;
}

/** Who is there, as somebody sees who has been watching all the time. */
class Watcher {
  readonly seen = new Recorder<string>();
  /** The most connections that anybody was seen with. */
  most = 0;

  constructor({ client }: Peer) {
    const room = client.channel("room/1", { presence: true });
    room.listen(() => undefined);
    room.presence.listen(() => {
      const users = [...room.presence.users];
      for (const [, { connections }] of users) this.most = Math.max(this.most, connections);
      const names = users.map(([user, { connections }]) => `${user}${String(connections)}`);
      this.seen.add(`${String(room.presence.count)}: ${names.sort().join(" ")}`);
    });
  }

  sees(who: string): Promise<void> {
    return this.seen.until((seen) => seen.at(-1) === who);
  }
}

let prefixes = 0;

/** Declares the tests. */
export function nodesTogether(world: NodesWorld): void {
  describe(`two nodes over ${world.name}`, { skip: world.skip, timeout: 60_000 }, () => {
    let server: Awaited<ReturnType<NodesWorld["startServer"]>>;
    before(async () => {
      server = await world.startServer();
    });
    after(() => server.dispose());

    async function start(t: TestContext, limits: RealtimeLimits = {}): Promise<Nodes> {
      const way = await TcpProxy.start(server.port);
      const prefix = `nodes${String(prefixes++)}`;
      const create = (url: string): Node => new Node(world.engine(url, prefix), limits, () => nodes.isAllowed);
      const nodes: Nodes = { a: create(server.url), b: create(way.url(world.scheme)), way, isAllowed: true };
      const { a, b } = nodes;
      t.after(async () => {
        way.mend();
        await Promise.all([a.close(), b.close()]);
        await way.dispose();
      });
      await Promise.all([a.start(), b.start()]);
      // Until they know each other.
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const) {
        const { client } = await other.peer("probe");
        while ((await one.realtime.user("probe").send("notice", "there?")).sessions === 0) await turn();
        await client.close();
      }
      return nodes;
    }

    it("call a user wherever connected: the first answer counts, and the others are cancelled", async (t) => {
      const { a, b } = await start(t);
      const refusing = await a.peer("ann");
      const waiting = await b.peer("ann", "");
      const other = await b.peer("bob", "no");
      const calling = a.realtime.user("ann").call("confirm", "sure?");
      await Promise.all([refusing, waiting].map(({ calls }) => calls.until(({ length }) => length > 0)));
      const answering = await b.peer("ann", "yes");
      assert.equal(await b.realtime.user("ann").call("confirm", "really?"), "yes");
      await waiting.calls.until((calls) => calls.includes("cancelled"));
      await waiting.client.close();
      // An error of all is one.
      await assert.rejects(calling, { name: "RealtimeError" });
      await assert.rejects(a.realtime.user("nobody").call("confirm", "?"), { code: "not-connected" });
      // Who came later was not called for the first, nor anybody else.
      assert.deepEqual([answering.calls.items, other.calls.items], [["really?"], []]);
    });

    it("ask a user's sessions for all their answers, and know who has handled a message", async (t) => {
      const { a, b } = await start(t);
      const peers = [await a.peer("ann", "one"), await b.peer("ann", "two"), await b.peer("ann")];
      for (const { realtime } of [a, b]) {
        const { answers, silentNodes } = await realtime.user("ann").callAll("confirm", "which?");
        const said = answers.map((answer) => (answer.ok ? answer.value : answer.error.code));
        assert.deepEqual(said.sort(), ["conflict", "one", "two"]);
        assert.deepEqual(silentNodes, []);
        const sent = await realtime.user("ann").send("notice", "lunch");
        assert.deepEqual(sent, { received: 3, sessions: 3, isComplete: true });
      }
      for (const { calls } of peers) assert.deepEqual(calls.items, ["which?", "lunch", "which?", "lunch"]);
      const nobody = await a.realtime.user("nobody").send("notice", "lunch");
      assert.deepEqual(nobody, { received: 0, sessions: 0, isComplete: true });
    });

    it("do what one of them says: asking again what a user may do, and ending all connections of one", async (t) => {
      const nodes = await start(t);
      const { a, b } = nodes;
      const bob = await b.peer("bob");
      await a.realtime.publish("room/1", "hello");
      const messages = bob.client.channel("room/1", { last: 1 })[Symbol.asyncIterator]();
      const { value } = await messages.next();
      assert.equal(value?.type, "message");
      const ended = assert.rejects(
        async () => {
          while ((await messages.next()).done !== true);
        },
        { code: "forbidden" },
      );
      nodes.isAllowed = false;
      await a.realtime.reauthorize("bob");
      await ended;
      const anns = [await a.peer("ann"), await b.peer("ann"), await b.peer("ann")];
      assert.equal(await a.realtime.revoke("ann", "enough"), 3);
      await Promise.all(anns.map((ann) => ann.ended()));
      assert.equal(bob.states.items.at(-1), "open");
    });

    it("do not take a node that is cut off for nobody, and it does what was said when it is back", async (t) => {
      const { a, b, way } = await start(t, { decisionTimeoutMs: 500 });
      const [ann, bob] = [await b.peer("ann"), await b.peer("bob")];
      way.cut();
      const sent = await a.realtime.user("ann").send("notice", "lunch", { timeoutMs: 500 });
      assert.deepEqual(sent, { received: 0, sessions: 0, isComplete: false });
      assert.equal(await a.realtime.revoke("ann"), 0);
      assert.equal(ann.states.items.at(-1), "open");
      way.mend();
      await ann.ended();
      assert.equal(bob.states.items.at(-1), "open");
    });

    it("agree on who is there after one was cut off, and taken for dead", async (t) => {
      const { a, b, way } = await start(t, { nodeTimeoutMs: 1500, presenceGraceMs: 1 });
      const watchers = [new Watcher(await a.peer("ann")), new Watcher(await b.peer("bob"))];
      const join = async (node: Node, name: string): Promise<Peer> => {
        const peer = await node.peer(name);
        peer.client.channel("room/1", { presence: true }).listen(() => undefined);
        return peer;
      };
      // At both, and at either: who stays, and who goes while they are apart.
      for (const node of [a, b]) await join(node, "cat");
      const leaving = [await join(a, "dan"), await join(b, "eve")];
      const together = "5: ann1 bob1 cat2 dan1 eve1";
      await Promise.all(watchers.map((watcher) => watcher.sees(together)));
      way.cut();
      await watchers[0]?.sees("3: ann1 cat1 dan1");
      for (const { client } of leaving) await client.close();
      await join(a, "fay");
      await join(b, "gil");
      // Of whom each has, at the other node too.
      await join(b, "fay");
      await watchers[0]?.sees("3: ann1 cat1 fay1");
      way.mend();
      const healed = "5: ann1 bob1 cat2 fay2 gil1";
      await Promise.all(watchers.map((watcher) => watcher.sees(healed)));
      for (const node of [a, b]) assert.equal(await presentAt(node), healed);
      // Nobody was ever seen with more connections than there are.
      for (const { most } of watchers) assert.equal(most, 2);
    });
  });
}

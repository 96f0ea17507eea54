/**
 * Tabs that share a connection: what each of them has, when one of them is closed, crashes or sleeps.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type Server, serve } from "#src/index.js";
import {
  call,
  contract,
  createRealtime,
  log,
  type RealtimeError,
  type RealtimeOptions,
  signal,
  unchecked,
} from "#src/realtime/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import { type Codec, jsonCodec } from "#src/realtime/wire/index.js";
import { FakeBrowser, type FakeTab } from "../../../support/fake-browser.js";

const api = contract({
  channels: { "room/{id}": log({ message: unchecked<string>() }), knock: signal({ message: unchecked<number>() }) },
  calls: {
    order: call({ output: unchecked<number>(), idempotent: true }),
    ask: call({ output: unchecked<number>() }),
    echo: call({ input: unchecked<unknown>(), output: unchecked<unknown>() }),
  },
});

type Client = ReturnType<typeof createIn>;

/** Those of the test that runs. */
const openClients: { close(): Promise<unknown> }[] = [];

function createIn(tab: FakeTab, url: string | (() => string), codec: Codec) {
  return tab.createClient(api, url, { codecs: [codec], token: "ann" });
}

function clientIn(tab: FakeTab, url: string | (() => string), codec: Codec = jsonCodec) {
  const client = createIn(tab, url, codec);
  openClients.push(client);
  return client;
}

/** What a tab has of a room, from now on. */
async function follow(client: Client) {
  const texts: string[] = [];
  const waiting = new Set<() => void>();
  let gaps = 0;
  await new Promise<void>((resolve) => {
    client.channel("room/1").listen((event) => {
      if (event.type === "live") resolve();
      if (event.type === "gap") gaps++;
      if (event.type === "message") texts.push(event.value);
      for (const look of waiting) look();
    });
  });
  return {
    texts,
    get gaps() {
      return gaps;
    },
    /** Resolves when it has had so many. */
    has: (count: number): Promise<void> =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (texts.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

async function isOpen(client: Client): Promise<void> {
  for await (const { name } of client.states()) if (name === "open") return;
}

async function startServer(t: TestContext, options: Partial<RealtimeOptions<undefined, typeof api.definition>> = {}) {
  const waiting: { readonly answer: () => void }[] = [];
  let asked = (): void => undefined;
  const runs = { order: 0, ask: 0 };
  const later = (name: "order" | "ask") => (): Promise<number> => {
    runs[name]++;
    return new Promise((resolve) => {
      waiting.push({ answer: () => resolve(runs[name]) });
      asked();
    });
  };
  const realtime = createRealtime(api, {
    codecs: [msgpackCodec],
    authenticate: ({ token }) => ({ user: String(token) }),
    limits: { presenceGraceMs: 1 },
    calls: { order: later("order"), ask: later("ask"), echo: (input) => input },
    ...options,
  });
  const server: Server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  t.after(async () => {
    for (const client of openClients.splice(0)) await client.close();
    await server.close();
    await realtime.close();
  });
  return {
    server,
    url: server.url,
    realtime,
    runs,
    waiting,
    /** Resolves when so many calls are being handled. */
    handles: async (count: number) => {
      while (waiting.length < count) {
        await new Promise<void>((resolve) => {
          asked = resolve;
        });
      }
    },
  };
}

/** Clients in as many tabs, of which the first one leads. */
async function openTabs(count: number, url: string | (() => string)) {
  const browser = new FakeBrowser();
  const tabs: FakeTab[] = [];
  const clients: Client[] = [];
  for (let index = 0; index < count; index++) {
    const tab = browser.open();
    const client = clientIn(tab, url, index % 2 === 1 ? msgpackCodec : jsonCodec);
    tabs.push(tab);
    clients.push(client);
    await isOpen(client);
  }
  return { browser, tabs, clients };
}

describe("tabs that share a connection", { timeout: 60_000 }, () => {
  it("have one for all, and sessions, codecs and channels of their own", async (t) => {
    const { server, url, realtime } = await startServer(t);
    const { clients } = await openTabs(3, url);
    assert.equal(server.sockets.size, 1);
    assert.equal(new Set([...realtime.sessions].map(({ id }) => id)).size, 3);
    const rooms = await Promise.all(clients.map(follow));
    await Promise.all(clients.map((client, index) => client.channel("room/1").publish(`from ${index}`)));
    await Promise.all(rooms.map((room) => room.has(3)));
    for (const { texts } of rooms) assert.deepEqual(texts, rooms[0]?.texts);
    const [one, two, three] = clients;
    assert.deepEqual(await two?.call("echo", { octets: Uint8Array.of(1, 2) }), { octets: Uint8Array.of(1, 2) });
    assert.deepEqual(await one?.call("echo", { octets: Uint8Array.of(3) }), { octets: Uint8Array.of(3) });
    await three?.close();
    assert.deepEqual(await one?.call("echo", "still here"), "still here");
    assert.equal([...realtime.sessions].length, 2);
  });

  for (const end of ["is killed", "is closed"] as const) {
    it(`lose and double nothing when the one that leads ${end}`, async (t) => {
      const { server, url, realtime, runs, waiting, handles } = await startServer(t);
      const { tabs, clients } = await openTabs(3, url);
      const [, second, third] = clients;
      assert.ok(second !== undefined && third !== undefined);
      const rooms = [await follow(second), await follow(third)];
      await realtime.publish("room/1", "before");
      await Promise.all(rooms.map((room) => room.has(1)));
      const order = second.call("order", null);
      const ask = third.call("ask", null).catch((error: unknown) => (error as RealtimeError).code);
      await handles(2);
      if (end === "is killed") tabs[0]?.kill();
      else await clients[0]?.close();
      await realtime.publish("room/1", "meanwhile");
      const published = third.channel("room/1").publish("mine");
      assert.equal(await ask, "connection-lost");
      await published;
      await Promise.all(rooms.map((room) => room.has(3)));
      for (const { answer } of waiting) answer();
      assert.equal(await order, 1);
      assert.deepEqual(runs, { order: 1, ask: 1 });
      for (const room of rooms) {
        assert.deepEqual([...room.texts].sort(), ["before", "meanwhile", "mine"]);
        assert.equal(room.gaps, 0);
      }
      assert.deepEqual(rooms[0]?.texts, rooms[1]?.texts);
      assert.equal(server.sockets.size, 1);
      assert.equal([...realtime.sessions].length, 2);
    });
  }

  it("tell the server when one of them is gone", async (t) => {
    const { url, realtime } = await startServer(t);
    const { tabs, clients } = await openTabs(3, url);
    const presence = clients[0]?.channel("room/1", { presence: true }).presence;
    assert.ok(presence !== undefined);
    const changes = presence[Symbol.asyncIterator]();
    for (const client of clients.slice(1)) client.channel("room/1", { presence: true }).listen(() => undefined);
    while (presence.users.get("ann")?.connections !== 3) await changes.next();
    tabs[1]?.kill();
    while (presence.users.get("ann")?.connections !== 2) await changes.next();
    assert.equal([...realtime.sessions].length, 2);
  });

  it("take the lead from one that sleeps, which follows when it wakes", async (t) => {
    const { server, url, realtime } = await startServer(t);
    const { browser, tabs, clients } = await openTabs(2, url);
    const [first, second] = clients;
    assert.ok(first !== undefined && second !== undefined);
    const rooms = [await follow(first), await follow(second)];
    await realtime.publish("room/1", "1");
    await Promise.all(rooms.map((room) => room.has(1)));
    tabs[0]?.sleep();
    const third = clientIn(browser.open(), url);
    clients.push(third);
    await isOpen(third);
    assert.equal(browser.steals, 1);
    await realtime.publish("room/1", "2");
    await rooms[1]?.has(2);
    tabs[0]?.wake();
    await rooms[0]?.has(2);
    await first.channel("room/1").publish("3");
    await Promise.all(rooms.map((room) => room.has(3)));
    for (const { texts, gaps } of rooms) assert.deepEqual([texts, gaps], [["1", "2", "3"], 0]);
    assert.equal(await third.call("echo", 1), 1);
    assert.equal(server.sockets.size, 1);
    assert.equal(browser.steals, 1);
  });

  it("are slow one by one", async (t) => {
    const { url, realtime } = await startServer(t, { limits: { maxBufferedBytes: 500_000 } });
    const { tabs, clients } = await openTabs(3, url);
    const rooms = await Promise.all(clients.map(follow));
    await realtime.publish("room/1", "first");
    await Promise.all(rooms.map((room) => room.has(1)));
    tabs[2]?.sleep();
    const expected = ["first"];
    for (let index = 0; index < 150; index++) {
      const text = `${index} `.repeat(1000);
      expected.push(text);
      await realtime.publish("room/1", text);
    }
    await Promise.all(rooms.slice(0, 2).map((room) => room.has(151)));
    assert.equal(rooms[2]?.texts.length, 1);
    // It was not sent more than a window's worth, nor sent away for it.
    assert.ok((tabs[2]?.missed ?? 0) < 100, `${tabs[2]?.missed}`);
    assert.equal([...realtime.sessions].length, 3);
    tabs[2]?.wake();
    await rooms[2]?.has(151);
    for (const { texts, gaps } of rooms) {
      assert.equal(gaps, 0);
      assert.deepEqual(texts, expected);
    }
  });

  it("wait with what they send until the server takes it", async (t) => {
    const { url } = await startServer(t);
    const { clients } = await openTabs(2, url);
    const [, client] = clients;
    assert.ok(client !== undefined);
    const long = "x".repeat(200_000);
    const answers = await Promise.all([
      client.call("echo", long),
      client.call("echo", long),
      client.call("echo", long),
    ]);
    assert.deepEqual(answers, [long, long, long]);
  });

  it("go to another server with those that go away", async (t) => {
    const servers = [await startServer(t), await startServer(t)] as const;
    let target = servers[0].url;
    const { clients } = await openTabs(3, () => target);
    assert.deepEqual([servers[0].server.sockets.size, servers[1].server.sockets.size], [1, 0]);
    target = servers[1].url;
    await servers[0].realtime.drain({ spreadMs: 100 });
    for (const client of clients) await client.channel("room/1").publish("still here");
    assert.equal([...servers[1].realtime.sessions].length, 3);
    assert.equal(servers[1].server.sockets.size, 1);
  });

  it("leave a connection that is dead, all of them as soon as one knows", async (t) => {
    const { url, realtime } = await startServer(t, { limits: { pingMs: 1000 } });
    const { browser, tabs, clients } = await openTabs(2, url);
    const rooms = await Promise.all(clients.map(follow));
    // The others would find out later.
    const hasty = browser.open().createClient(api, url, { token: "ann", reconnect: { attemptTimeoutMs: 600_000 } }, 20);
    openClients.push(hasty);
    await hasty.channel("room/1").publish("1");
    await Promise.all(rooms.map((room) => room.has(1)));
    const { length: made } = tabs[0]?.made ?? [];
    tabs[0]?.muteConnections();
    await realtime.publish("room/1", "2");
    await Promise.all(rooms.map((room) => room.has(2)));
    assert.ok((tabs[0]?.made.length ?? 0) > made);
    for (const { texts, gaps } of rooms) assert.deepEqual([texts, gaps], [["1", "2"], 0]);
  });

  it("have one connection still when one of them gives up an attempt", async (t) => {
    const { server, url } = await startServer(t);
    const { browser, clients } = await openTabs(2, url);
    const brief = clientIn(browser.open(), url);
    while (brief.state.name === "connecting" && browser.channels.size < 8) await new Promise(setImmediate);
    await brief.close();
    for (const client of clients) assert.equal(await client.call("echo", 1), 1);
    assert.equal(server.sockets.size, 1);
  });

  it("have connections of their own where they may have no locks", async (t) => {
    const { server, url } = await startServer(t);
    const { browser, clients } = await openTabs(2, url);
    const tab = browser.open();
    tab.mayLock = false;
    const alone = clientIn(tab, url);
    assert.equal(await alone.call("echo", 1), 1);
    assert.equal(server.sockets.size, 2);
    for (const client of clients) assert.equal(await client.call("echo", 1), 1);
  });

  it("come back when the server has cut them", async (t) => {
    const { server, url, realtime } = await startServer(t);
    const { clients } = await openTabs(3, url);
    const rooms = await Promise.all(clients.map(follow));
    await realtime.publish("room/1", "1");
    await Promise.all(rooms.map((room) => room.has(1)));
    for (const socket of server.sockets) socket.terminate();
    await realtime.publish("room/1", "2");
    await Promise.all(rooms.map((room) => room.has(2)));
    for (const { texts } of rooms) assert.deepEqual(texts, ["1", "2"]);
    assert.equal(server.sockets.size, 1);
  });
});

/**
 * A node that is killed with its clients on it: all of them go on at the others, each with everything it missed. How many
 * there are, OPENLINE_CLIENTS says: a multiple of ten, 60 by default.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createClient } from "#src/realtime/client/node/index.js";
import { LineProcess } from "../support/line-process.js";
import { NatsServer, noNats } from "./engines/nats/server.js";
import { Recorder } from "./engines/recorders.js";
import { noRedis, RedisServer } from "./engines/redis/server.js";
import { api } from "./nodes/api.js";

const clientsInRoom = 10;
const roomCount = Number(process.env["OPENLINE_CLIENTS"] ?? 60) / clientsInRoom;
const script = new URL("./nodes/node-process.js", import.meta.url);

interface EngineServer {
  readonly url: string;
  dispose(): Promise<void>;
}

class Follower {
  readonly room: string;
  readonly messages = new Recorder<string>();
  readonly gaps: string[] = [];
  /** Told whenever something of the state has come. */
  readonly book = new Recorder<number>();
  readonly client: ReturnType<typeof createClient<(typeof api)["definition"]>>;
  openings = 0;

  constructor(name: string, room: string, isPresent: boolean, urlOf: (attempt: number) => string) {
    this.room = room;
    let attempts = 0;
    this.client = createClient(api, () => urlOf(attempts++), {
      token: name,
      reconnect: { minDelayMs: 20, maxDelayMs: 200 },
      state: (state) => {
        if (state.name === "open") this.openings++;
      },
    });
    this.client.channel(`room/${room}`, { last: 0 }).listen((event) => {
      if (event.type === "message") this.messages.add(event.value);
      else if (event.type === "gap") this.gaps.push(event.reason);
    });
    const book = this.client.channel(`book/${room}`);
    book.listen((event) => {
      if (event.type === "change") for (const [, value] of event.set) this.book.add(value);
    });
    if (isPresent) this.client.channel("lobby", { presence: true }).listen(() => undefined);
  }
}

async function kill(t: TestContext, kind: string, engine: EngineServer): Promise<void> {
  const nodes = [0, 1, 2].map(() => LineProcess.start(t, script, kind, engine.url));
  t.after(() => engine.dispose());
  const urls: string[] = [];
  for (const node of nodes) urls.push(`ws://127.0.0.1:${String((await node.next("port"))["port"])}`);
  const [, second = "", third = ""] = urls;

  const followers = Array.from({ length: roomCount * clientsInRoom }, (_, place) => {
    const later = place % 2 === 0 ? second : third;
    // The first attempt and those after it, in turns, as behind an address that several nodes have.
    return new Follower(`user${String(place)}`, String(place % roomCount), place % 10 === 0, (attempt) =>
      attempt === 0 ? (urls[0] ?? "") : later,
    );
  });
  const writer = createClient(api, second, { token: "writer", maxRequests: 10_000 });
  const lobby = writer.channel("lobby", { presence: true });
  const seen = new Recorder<string>();
  lobby.presence.listen(() => {
    const users = [...lobby.presence.users.values()];
    const isOne = users.every(({ connections }) => connections === 1);
    seen.add(`${String(lobby.presence.count)} ${isOne ? "once" : "more"}`);
  });
  lobby.listen(() => undefined);
  t.after(() => Promise.all([writer.close(), ...followers.map(({ client }) => client.close())]));

  const all = `${String(followers.length / 10 + 1)} once`;
  await seen.until((items) => items.at(-1) === all);
  const rooms = Array.from({ length: roomCount }, (_, place) => String(place));
  const publish = (room: string, text: string) => writer.channel(`room/${room}`).publish(text);
  await Promise.all(rooms.map((room) => publish(room, "first")));
  await Promise.all(followers.map(({ messages }) => messages.until(({ length }) => length === 1)));

  // Everybody publishes, and the node is killed when the first of them has been heard.
  const sent: Promise<unknown>[] = [];
  for (const [place, { client, room }] of followers.entries()) {
    sent.push(client.channel(`room/${room}`).publish(`own ${String(place)}`));
  }
  for (const room of rooms) {
    for (let count = 0; count < 10; count++) sent.push(publish(room, `around ${String(count)}`));
    sent.push(writer.channel(`book/${room}`).set("price", 1));
  }
  await Promise.race(sent);
  const killedAtMs = performance.now();
  nodes[0]?.signal("SIGKILL");
  for (const room of rooms) {
    for (let count = 0; count < 10; count++) sent.push(publish(room, `after ${String(count)}`));
    sent.push(writer.channel(`book/${room}`).set("price", 2));
  }
  await nodes[0]?.exited;
  await Promise.all(sent);

  const expected = 1 + 10 + 10 + clientsInRoom;
  await Promise.all(followers.map(({ messages }) => messages.until(({ length }) => length >= expected)));
  await Promise.all(followers.map(({ book }) => book.until((values) => values.at(-1) === 2)));
  const resumedMs = performance.now() - killedAtMs;
  // The node's users are counted once again when it is known to be dead.
  await seen.until((items) => items.at(-1) === all);
  const counted = performance.now() - killedAtMs;

  const byRoom = new Map<string, readonly string[]>();
  for (const [place, { room, messages, gaps, openings }] of followers.entries()) {
    assert.equal(openings, 2, `user${String(place)}`);
    assert.deepEqual(gaps, []);
    assert.equal(messages.items.length, expected);
    assert.equal(new Set(messages.items).size, expected);
    // In one order for all.
    assert.deepEqual(messages.items, byRoom.get(room) ?? messages.items);
    byRoom.set(room, messages.items);
    assert.equal(messages.items.includes(`own ${String(place)}`), true);
  }
  const deliveries = followers.length * expected;
  t.diagnostic(
    `${String(followers.length)} clients resumed with ${String(deliveries)} messages, none lost or doubled, ` +
      `${resumedMs.toFixed(0)} ms after the kill; presence right after ${counted.toFixed(0)} ms`,
  );
}

describe("a node killed with its clients on it", { timeout: 120_000 }, () => {
  it("over NATS: all go on at the others, with everything they missed", { skip: noNats }, async (t) => {
    await kill(t, "nats", await NatsServer.start());
  });

  it("over Redis: all go on at the others, with everything they missed", { skip: noRedis }, async (t) => {
    await kill(t, "redis", await RedisServer.start());
  });
});

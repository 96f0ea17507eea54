/**
 * Entries that move, views that change, clients that are slow, and connections that break, by chance: nobody is ever told
 * of what was not in sight at that moment, and at rest everybody has what is in sight.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { contract, state } from "#src/realtime/contract/index.js";
import { msgpackCodec } from "#src/realtime/msgpack/index.js";
import type { Area } from "#src/realtime/server/index.js";
import { type Codec, jsonCodec } from "#src/realtime/wire/index.js";
import { Replica } from "./replica.js";
import { believe, type Frame, type Peer, World } from "./world.js";

const name = "arena/1";
const api = contract({ channels: { "arena/{id}": state(), "calm/{id}": state({ maxUpdatesPerSecond: 20 }) } });

// One that a server can only encode whole frames with.
const otherCodec: Codec = { ...jsonCodec, subprotocol: "other" };
const codecs = [jsonCodec, msgpackCodec, otherCodec, jsonCodec];

type View = ReadonlySet<Area> | undefined;

/** Who looks on: one client after another, as their connections break. */
class Seat {
  readonly id: string;
  readonly codec: Codec;
  readonly rate: number | undefined;
  readonly #world: World;
  readonly #channel: string;
  view: View = new Set(["a"]);
  peer!: Peer;
  replica = new Replica();
  #epoch = "";
  /** The keys that it has been sent, though it may not have read them yet. */
  #told = new Replica();

  constructor(world: World, channel: string, index: number) {
    this.#world = world;
    this.#channel = channel;
    this.id = `s${String(index)}`;
    this.codec = codecs[index] ?? jsonCodec;
    this.rate = index === 3 ? 5 : undefined;
  }

  /** Connects, with what it has where it has anything. */
  async connect(): Promise<void> {
    const peer = await this.#world.peer({ token: this.id }, this.codec);
    this.peer = peer;
    this.#told = new Replica();
    const send = peer.send.bind(peer);
    peer.send = (data) => {
      const octets = typeof data === "object" && "data" in data ? (data.data as string | Uint8Array) : data;
      this.#judge(this.codec.decode(octets as string | Uint8Array) as Frame);
      return send(data);
    };
    const { position } = this.replica;
    const since = position === undefined ? {} : { since: [this.#epoch, position] };
    const answer = await peer.done("sub", this.#channel, { ...since, rate: this.rate });
    this.#epoch = answer.epoch;
    this.replica.take(peer);
  }

  /** A message leaves the server now. */
  #judge(message: Frame): void {
    for (const frame of (Array.isArray(message[0]) ? message : [message]) as Frame[]) {
      const [operation, , , third, fourth, fifth = []] = frame;
      if (operation !== "snap" && operation !== "d") continue;
      for (const [key, value] of (operation === "snap" ? third : fourth) as [string, string][]) {
        assert.ok(this.view?.has(areaOf(value)) ?? true, `${this.id} was told of ${key} (${value})`);
      }
      for (const key of operation === "d" ? (fifth as string[]) : []) {
        assert.ok(this.#told.values.has(key), `${this.id} was told that ${key} has gone, which it never had`);
      }
      this.#told.received(frame);
    }
  }
}

function areaOf(value: string): string {
  return value.slice(0, 1);
}

const keys = fc.constantFrom("k1", "k2", "k3", "k4", "k5", "k6", "k7");
const area = fc.constantFrom("a", "b", "c", "d");
const seat = fc.integer({ min: 0, max: 3 });
const view = fc.option(fc.uniqueArray(area), { nil: undefined, freq: 6 });

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("set" as const), moves: fc.array(fc.tuple(keys, area), { minLength: 1, maxLength: 5 }), gone: fc.array(keys, { maxLength: 1 }) }) }, // biome-ignore format: short
  { weight: 4, arbitrary: fc.record({ do: fc.constant("look" as const), seat, view, isTold: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stall" as const), seat }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("resume" as const), seat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reconnect" as const), seat }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 0, 20, 100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rest" as const) }) },
);

async function run(steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[], channel: string) {
  const seats: Seat[] = [];
  const interest = {
    area: (_key: string, value: unknown) => areaOf(String(value)),
    sees: ({ user }: { readonly user: { readonly id: string | null } }) => {
      const found = seats.find(({ id }) => id === user.id);
      assert.ok(found !== undefined);
      return found.view;
    },
  };
  const world = new World(api, {
    authenticate: believe,
    interest: { "arena/{id}": interest, "calm/{id}": interest },
    codecs: [msgpackCodec],
    limits: { pageMessages: 2, maxLagKeys: 3 },
  });
  const model = new Map<string, string>();
  let count = 0;
  const rest = async (): Promise<void> => {
    for (const { peer } of seats) await peer.resume();
    world.server.lookAgain(channel);
    await world.clock.advance(1000);
    for (const each of seats) {
      each.replica.take(each.peer);
      const expected = [...model].filter(([, value]) => each.view?.has(areaOf(value)) ?? true).sort();
      assert.deepEqual(each.replica.sorted, expected, `${each.id} at rest`);
    }
  };
  for (const index of [0, 1, 2, 3]) {
    const each = new Seat(world, channel, index);
    each.peer = await world.open();
    seats.push(each);
    await each.connect();
    each.peer.highWaterMarkBytes = 60;
  }
  for (const each of steps) {
    if (each.do === "set") {
      const entries = each.moves.map(([key, to]) => [key, `${to}${String(count++)}`] as const);
      for (const [key, value] of entries) model.set(key, value);
      for (const key of each.gone) model.delete(key);
      void world.server.setMany(channel, entries, each.gone);
    } else if (each.do === "wait") await world.clock.advance(each.ms);
    else if (each.do === "rest") await rest();
    else {
      const at = seats[each.seat];
      assert.ok(at !== undefined);
      if (each.do === "look") {
        at.view = each.view === undefined ? undefined : new Set(each.view);
        if (each.isTold) world.server.lookAgain(channel);
      } else if (each.do === "stall") at.peer.stall();
      else if (each.do === "resume") await at.peer.resume();
      else {
        at.replica.take(at.peer);
        at.peer.vanish();
        await at.connect();
        at.peer.highWaterMarkBytes = 60;
      }
    }
  }
  await rest();
  await world.close();
}

describe("a state with an interest, whatever happens", () => {
  for (const channel of [name, "calm/1"]) {
    it(`tells nobody of what is not in sight, and everybody of what is: ${channel}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 50, size: "max" }), (steps) => run(steps, channel)),
        { numRuns: 150 },
      );
    });
  }
});

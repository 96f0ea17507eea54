/**
 * Runs a schedule of what clients do and what befalls them, and judges every kind's guarantee by an oracle: the log as it
 * is in the end, the state as it is in the end, what was sent in which order.
 */
import assert from "node:assert/strict";
import type { LogEvent, LogHandle, MediaEvent, SignalEvent, StateHandle } from "#src/realtime/client/index.js";
import { areaOf, type SimulatedClient, SimulatedWorld } from "./world.js";

export type Step =
  | { readonly do: "publish" | "short" | "signal" | "order" | "cut" | "silence"; readonly client: number }
  | {
      readonly do: "set" | "delete";
      readonly client: number;
      readonly channel: "book/1" | "calm/1" | "arena/1";
      readonly key: string;
    }
  | { readonly do: "media"; readonly isKey: boolean }
  | {
      readonly do: "burst";
      readonly channel: "room/1" | "short/1" | "book/1" | "cursor/1" | "video/1";
      readonly count: number;
      /** A client that is stalled meanwhile, and for how long after; undefined: none. */
      readonly slow: { readonly client: number; readonly ms: number } | undefined;
    }
  | { readonly do: "look"; readonly areas: readonly number[] }
  | { readonly do: "stall"; readonly client: number; readonly ms: number }
  | { readonly do: "kill"; readonly ms: number }
  | { readonly do: "wait"; readonly ms: number };

export const clientCount = 3;

type CursorMessage = readonly [sender: number, count: number, padding?: string];

/** One client, and what it has seen. */
class Party {
  readonly index: number;
  readonly peer: SimulatedClient;
  readonly room: LogEvent<string>[] = [];
  readonly short: LogEvent<string>[] = [];
  readonly signals: SignalEvent<CursorMessage>[] = [];
  readonly media: MediaEvent[] = [];
  /** What was published, in order, and whether it was acknowledged. */
  readonly published: { readonly value: string; position: string | undefined }[] = [];
  readonly orders: { readonly input: string; output: number | undefined }[] = [];
  readonly logs: Readonly<Record<"room/1" | "short/1", LogHandle<string>>>;
  readonly states: Readonly<Record<"book/1" | "calm/1" | "arena/1", StateHandle<number | string>>>;
  sentSignals = 0;

  constructor(index: number, peer: SimulatedClient) {
    this.index = index;
    this.peer = peer;
    const { client } = peer;
    this.logs = { "room/1": client.channel("room/1"), "short/1": client.channel("short/1") };
    const [book, calm, arena] = [client.channel("book/1"), client.channel("calm/1"), client.channel("arena/1")];
    this.states = { "book/1": book, "calm/1": calm, "arena/1": arena };
    this.logs["room/1"].listen((event) => this.room.push(event));
    this.logs["short/1"].listen((event) => this.short.push(event));
    for (const state of Object.values(this.states)) state.listen(() => undefined);
    client.channel("cursor/1").listen((event) => this.signals.push(event));
    client.channel("video/1").listen((event) => this.media.push(event));
  }

  publish(name: "room/1" | "short/1"): void {
    const entry = {
      value: `${String(this.index)}:${String(this.published.length)}`,
      position: undefined as string | undefined,
    };
    if (name === "room/1") this.published.push(entry);
    this.logs[name].publish(entry.value).then(
      ({ position }) => {
        entry.position = position;
      },
      // The outbox is full: it was not published, and was not acknowledged.
      () => undefined,
    );
  }

  order(): void {
    const entry = {
      input: `${String(this.index)}/${String(this.orders.length)}`,
      output: undefined as number | undefined,
    };
    this.orders.push(entry);
    this.peer.client.call("order", entry.input).then(
      (output) => {
        entry.output = output;
      },
      () => undefined,
    );
  }
}

export async function simulate(seed: number, steps: readonly Step[]): Promise<void> {
  const world = new SimulatedWorld(seed);
  const parties = Array.from({ length: clientCount }, (_, index) => new Party(index, world.client()));
  await world.clock.advance(200);
  let sets = 0;
  for (const step of steps) {
    await run(world, parties, step, sets++);
    await world.clock.advance(world.random.integer(0, 20));
  }
  await heal(world, parties);
  try {
    await judge(world, parties);
  } finally {
    for (const { peer } of parties) void peer.client.close();
    await world.close();
  }
  assert.deepEqual(world.errors, []);
}

async function run(world: SimulatedWorld, parties: readonly Party[], step: Step, count: number): Promise<void> {
  const party = "client" in step ? parties[step.client] : undefined;
  const client = party?.peer.client;
  switch (step.do) {
    case "publish":
      party?.publish("room/1");
      break;
    case "short":
      party?.publish("short/1");
      break;
    case "signal":
      if (party !== undefined) client?.channel("cursor/1").send([party.index, party.sentSignals++]);
      break;
    case "order":
      party?.order();
      break;
    case "set":
      party?.states[step.channel].set(step.key, count).catch(() => undefined);
      break;
    case "delete":
      party?.states[step.channel].delete(step.key).catch(() => undefined);
      break;
    case "media":
      // The first frame of all has to be a key frame.
      if (world.isUp) world.realtime.send("video/1", new Uint8Array(300), step.isKey).catch(() => undefined);
      break;
    case "burst": {
      const slow = step.slow === undefined ? undefined : parties[step.slow.client]?.peer.link;
      slow?.stall("to-client");
      for (let index = 0; world.isUp && index < step.count; index++) {
        const text = `s:${String(count)}.${String(index)}${padding(world)}`;
        const doing = burst(world, step.channel, index, text);
        doing.catch(() => undefined);
        // Some of it in turns of their own.
        if (index % 10 === 9) await world.clock.settle();
      }
      world.clock.setTimer(() => slow?.unstall("to-client"), step.slow?.ms ?? 0);
      break;
    }
    case "look":
      world.seen = new Set(step.areas);
      if (world.isUp) world.realtime.lookAgain("arena/1");
      break;
    case "cut":
      party?.peer.link?.reset();
      break;
    case "silence":
      party?.peer.link?.goSilent();
      break;
    case "stall": {
      const link = party?.peer.link;
      link?.stall("to-client");
      world.clock.setTimer(() => link?.unstall("to-client"), step.ms);
      break;
    }
    case "kill":
      world.kill();
      world.clock.setTimer(() => world.boot(), step.ms);
      break;
    case "wait":
      await world.clock.advance(step.ms);
  }
}

/** A hundred characters that cannot be compressed to nothing. */
function padding({ random }: SimulatedWorld): string {
  return Array.from({ length: 15 }, () => random.integer(1e9, 2e9).toString(36)).join("");
}

/** Does one of many things at once. */
function burst(
  world: SimulatedWorld,
  channel: Extract<Step, { readonly do: "burst" }>["channel"],
  index: number,
  text: string,
): Promise<unknown> {
  switch (channel) {
    case "book/1":
      return world.realtime.set(channel, `k${String(index % 11)}`, text);
    case "cursor/1":
      // A sender of its own, that counts on.
      return world.realtime.publish(channel, [clientCount, world.nextSignal++, text]);
    case "video/1":
      return world.realtime.send(channel, Buffer.from(padding(world).repeat(3)), index % 8 === 0);
    default:
      return world.realtime.publish(channel, text);
  }
}

/** Lets everything come to rest. */
async function heal(world: SimulatedWorld, parties: readonly Party[]): Promise<void> {
  // Long enough for every deadline of a connection that fell silent, and for every request.
  await world.clock.advance(5000);
  world.boot();
  for (const { peer } of parties) peer.link?.unstall("to-client");
  await world.clock.advance(90_000);
  const isDone = (): boolean =>
    parties.every(
      ({ peer, logs, states }) =>
        peer.client.pendingRequests === 0 &&
        [...Object.values(logs), ...Object.values(states)].every(({ status }) => status === "subscribed"),
    );
  assert.ok(await world.clock.runUntil(isDone, 600_000), "it does not come to rest");
  await world.clock.advance(5000);
}

async function judge(world: SimulatedWorld, parties: readonly Party[]): Promise<void> {
  const log = await waitFor(world, world.realtime.history("room/1", { limit: 1_000_000 }));
  const positions = log.map(({ position }) => position);
  const values = log.map(({ value }) => value as string);
  assert.equal(new Set(values).size, values.length, "something was published twice");
  const state = new Map<string, Map<string, unknown>>();
  for (const name of ["book/1", "calm/1", "arena/1"]) state.set(name, await waitFor(world, entriesOf(world, name)));
  for (const [key, value] of state.get("arena/1") ?? []) {
    if (!world.seen.has(areaOf(value))) state.get("arena/1")?.delete(key);
  }
  for (const party of parties) {
    judgePublishing(party, values, positions);
    judgeLog(party.room, positions, values);
    judgeShort(party.short);
    for (const name of ["book/1", "calm/1", "arena/1"] as const) {
      const mine = new Map([...party.states[name].values].sort());
      assert.deepEqual(mine, new Map([...(state.get(name) ?? [])].sort()), `${name} has not converged`);
    }
    party.peer.wire.rest();
    assert.deepEqual(party.peer.wire.faults, []);
    judgeSignals(party.signals);
    judgeMedia(party.media);
    for (const { input, output } of party.orders) {
      const runs = world.runs.get(input) ?? 0;
      assert.ok(runs <= 1 + world.kills, `${input} ran ${String(runs)} times`);
      if (output !== undefined) assert.ok(output >= 1 && output <= runs);
    }
  }
}

async function waitFor<Value>(world: SimulatedWorld, promise: Promise<Value>): Promise<Value> {
  await world.clock.advance(100);
  return await promise;
}

async function entriesOf(world: SimulatedWorld, name: string): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for await (const { key, value } of world.realtime.entries(name)) values.set(key, value);
  return values;
}

/** What was acknowledged is there, where it was said to be; and what one client published is in its order. */
function judgePublishing({ published, index }: Party, values: readonly string[], positions: readonly string[]): void {
  for (const { value, position } of published) {
    if (position === undefined) continue;
    assert.equal(positions[values.indexOf(value)], position, `${value} was acknowledged and is not there`);
  }
  const mine = values.filter((value) => value.startsWith(`${String(index)}:`)).map((value) => Number(value.slice(2)));
  assert.deepEqual(
    mine,
    [...mine].sort((a, b) => a - b),
    "out of order",
  );
}

/** Nothing is kept from anybody: from where it began, every message, once, in order. */
function judgeLog(events: readonly LogEvent<string>[], positions: readonly string[], values: readonly string[]): void {
  assert.deepEqual(
    events.filter(({ type }) => type === "gap"),
    [],
  );
  const messages = events.filter((event) => event.type === "message");
  const [live] = events.filter(({ type }) => type === "live");
  const start = live === undefined ? positions.length : positions.indexOf(live.position) + 1;
  assert.deepEqual(
    messages.map(({ value }) => value),
    values.slice(start),
  );
  assert.deepEqual(
    messages.map(({ position }) => position),
    positions.slice(start),
  );
}

/** Where something is lost, a gap says so, and nothing comes twice. */
function judgeShort(events: readonly LogEvent<string>[]): void {
  let position: string | undefined;
  const seen = new Set<string>();
  for (const event of events) {
    if (event.type === "message") {
      if (position !== undefined) assert.equal(event.previous, position, "a hole that nobody told");
      assert.ok(!seen.has(event.position), "twice");
      seen.add(event.position);
    }
    position = event.position;
  }
}

/** Each at most once, and each sender's in order. */
function judgeSignals(events: readonly SignalEvent<CursorMessage>[]): void {
  const last = new Map<number, number>();
  for (const event of events) {
    if (event.type !== "message") continue;
    const [sender, number] = event.value;
    assert.ok(number > (last.get(sender) ?? -1));
    last.set(sender, number);
  }
}

/** Groups begin with their key frame and have no holes. */
function judgeMedia(events: readonly MediaEvent[]): void {
  let next: { group: number; index: number } | undefined;
  for (const event of events) {
    if (event.type !== "frame") continue;
    const { group, index } = event;
    const goesOn = next?.group === group && next.index === index;
    assert.ok(goesOn || index === 0, `frame ${String(index)} of group ${String(group)} follows nothing`);
    next = { group, index: index + 1 };
  }
}

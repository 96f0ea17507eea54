/**
 * A real-time server that is killed and started again on its port, in the midst of what many clients publish and listen
 * to, each on a connection of its own.
 */
import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { connect } from "#src/index.js";
import { type ClientState, createClientFactory, type UntypedClient } from "#src/realtime/client/index.js";
import { nodePlatform } from "#src/transport/node/index.js";
import { type Ender, LineProcess } from "../support/line-process.js";
import { seededRandom } from "../support/random.js";
import { type Ledger, RoomAccount } from "./accountant.js";
import { type ChosenDelay, type Spread, spreadOf } from "./spread.js";

/** What is to happen. */
export interface CrashPlan {
  readonly clients: number;
  readonly rooms: number;
  readonly kills: number;
  /** Messages that each client publishes before and after each kill, one after the other. */
  readonly messages: number;
  readonly seed: number;
  /** The clients' first reconnect is drawn from 0 to this. */
  readonly minDelayMs: number;
}

/** What has happened. */
export interface CrashReport {
  readonly acknowledged: number;
  readonly unacknowledged: number;
  /** Of those that were not acknowledged, how many came all the same. */
  readonly arrived: number;
  /** Acknowledgements that told of a duplicate: a message that had been kept before it was sent again. */
  readonly duplicates: number;
  readonly deliveries: number;
  readonly reconnects: number;
  /** Of the first delay of each client after each kill, for each kill. */
  readonly spreads: readonly Spread[];
  /** Milliseconds from each kill until the server listened again, and until all clients were back. */
  readonly restartMs: readonly number[];
  readonly backMs: readonly number[];
  readonly journalBytes: number;
  readonly faults: readonly string[];
}

// All of 127.0.0.0/8 is this machine, on Linux. Clients connect from 127.0.0.1, so that none of them can be given the
// server's own port while that is away, and be connected with itself.
const host = process.platform === "linux" ? "127.0.0.2" : "127.0.0.1";
// More than is ever published: what was lost would be lost to a crash.
const kept = 1_000_000;
const longestDelayMs = 2000;
// Beyond it, timers fire at once.
const longestTimerMs = 0x7fffffff;
// Of publications, so many are given up when the server is killed, or are made twice with the same key.
const givenUpShare = 0.1;
const doubledShare = 0.1;

/** One client, with what it hears and how it comes back. */
class Participant {
  readonly name: string;
  readonly client: UntypedClient;
  readonly room: RoomAccount;
  readonly ledger: Ledger;
  /** The delays before each first attempt after a loss. */
  readonly firstDelays: ChosenDelay[] = [];
  readonly errors: unknown[] = [];
  openings = 0;
  readonly #random: () => number;
  #whenOpen: (() => void) | undefined;

  constructor(index: number, url: string, room: RoomAccount, { seed, minDelayMs }: CrashPlan) {
    this.name = `client ${index}`;
    this.room = room;
    this.ledger = room.open(this.name);
    this.#random = seededRandom(seed * 1_000_003 + index);
    const create = createClientFactory({
      connect: (address, options) => connect(address, options),
      clock: {
        now: () => nodePlatform.clock.now(),
        setTimer: (callback, delayMs) => nodePlatform.clock.setTimer(callback, Math.min(delayMs, longestTimerMs)),
      },
      random: seededRandom(seed * 1_000_003 + index + 0x4000_0000),
      reportError: (error) => this.errors.push(error),
    });
    this.client = create(url, {
      reconnect: { minDelayMs, maxDelayMs: longestDelayMs, stableAfterMs: 0 },
      state: (state) => this.#entered(state, minDelayMs),
      error: (error) => this.errors.push(error),
    });
  }

  #entered(state: ClientState, minDelayMs: number): void {
    if (state.name === "open") {
      this.openings++;
      this.#whenOpen?.();
    } else if (state.name === "waiting" && state.loss.kind === "connection-lost") {
      this.firstDelays.push({ delayMs: state.delayMs, boundMs: minDelayMs });
    }
  }

  /** Listens, and resolves when it is live. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.client.channel(this.room.name).listen((event) => {
        this.ledger.take(event);
        if (event.type === "live") resolve();
      });
    });
  }

  /** Resolves when it has been open so many times. */
  async opened(times: number): Promise<void> {
    while (this.openings < times) await new Promise<void>((resolve) => (this.#whenOpen = resolve));
  }

  /**
   * Publishes messages, one after the other.
   *
   * @param killed aborted when the server is killed: some do not wait for it to come back
   */
  async publish(phase: number, count: number, killed: AbortSignal, acknowledged: (isDuplicate: boolean) => void) {
    for (let number = 0; number < count; number++) {
      const value = `${this.name}/${phase}/${number}`;
      const chance = this.#random();
      const gives = chance < givenUpShare && !killed.aborted;
      const isDoubled = !gives && chance < givenUpShare + doubledShare;
      const options = { ...(gives && { signal: killed }), ...(isDoubled && { idempotencyKey: value }) };
      this.room.begin(value);
      try {
        const publications = Array.from({ length: isDoubled ? 2 : 1 }, async () => {
          const { position, isDuplicate = false } = await this.client.channel(this.room.name).publish(value, options);
          this.room.acknowledge(value, position);
          acknowledged(isDuplicate);
        });
        await Promise.all(publications);
      } catch (error) {
        if (!gives || !killed.aborted) this.errors.push(error);
      }
    }
  }
}

/** Does it all. What it starts is ended by `ender`. */
export async function crash(plan: CrashPlan, ender: Ender): Promise<CrashReport> {
  const random = seededRandom(plan.seed);
  const folder = mkdtempSync(path.join(os.tmpdir(), "openline-crash-"));
  ender.after(() => rmSync(folder, { recursive: true, force: true }));
  const journal = path.join(folder, "journal");
  const script = new URL("../support/realtime-process.js", import.meta.url);
  const start = async (port: number): Promise<{ server: LineProcess; port: number }> => {
    const server = LineProcess.start(ender, script, journal, host, String(port), String(kept));
    return { server, port: Number((await server.next("port"))["port"]) };
  };

  const first = await start(0);
  const { port } = first;
  let { server } = first;
  const rooms = Array.from({ length: plan.rooms }, (_, index) => new RoomAccount(`room ${index}`));
  const participants = Array.from({ length: plan.clients }, (_, index) => {
    const room = rooms[index % rooms.length] as RoomAccount;
    return new Participant(index, `ws://${host}:${port}`, room, plan);
  });
  ender.after(() => Promise.all(participants.map(({ client }) => client.close())));
  await Promise.all(participants.map((participant) => participant.listen()));

  let duplicates = 0;
  const restartMs: number[] = [];
  const backMs: number[] = [];
  for (let kill = 0; kill < plan.kills; kill++) {
    const killing = new AbortController();
    setMaxListeners(0, killing.signal);
    // In the midst of it: when some share of it has been acknowledged.
    let left = Math.ceil(plan.clients * plan.messages * (0.1 + 0.7 * random()));
    let isEnough = (): void => undefined;
    const enough = new Promise<void>((resolve) => (isEnough = resolve));
    const acknowledged = (isDuplicate: boolean): void => {
      if (isDuplicate) duplicates++;
      if (--left === 0) isEnough();
    };
    const publishing = participants.map((participant) =>
      participant.publish(kill, plan.messages, killing.signal, acknowledged),
    );
    await Promise.race([enough, Promise.all(publishing)]);
    server.signal("SIGKILL");
    const killedAtMs = performance.now();
    killing.abort();
    await server.exited;
    ({ server } = await start(port));
    restartMs.push(performance.now() - killedAtMs);
    await Promise.all(participants.map((participant) => participant.opened(kill + 2)));
    backMs.push(performance.now() - killedAtMs);
    await Promise.all(publishing);
  }

  // Who has the last message of a room has what came before it, or was told otherwise.
  await Promise.all(
    rooms.map(async (room, index) => {
      const last = `the last of ${room.name}`;
      room.begin(last);
      const { position } = (await participants[index]?.client.channel(room.name).publish(last)) ?? { position: "" };
      room.acknowledge(last, position);
      await Promise.all(room.ledgers.map((ledger) => ledger.hears(last)));
    }),
  );
  const journalBytes = statSync(journal).size;
  await Promise.all(participants.map(({ client }) => client.close()));
  server.endInput();
  await server.exited;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    acknowledged: sum(rooms.map((room) => room.acknowledged.size)),
    unacknowledged: sum(rooms.map((room) => room.unacknowledged.size)),
    arrived: sum(rooms.map((room) => room.arrived)),
    duplicates,
    deliveries: sum(rooms.map((room) => room.deliveries)),
    reconnects: sum(participants.map(({ openings }) => openings - 1)),
    spreads: spreadsByKill(participants, plan.kills),
    ...{ restartMs, backMs, journalBytes },
    faults: [...rooms.flatMap((room) => room.audit()), ...participants.flatMap((one) => faultsOf(one, plan.kills))],
  };
}

function faultsOf({ name, errors, openings, firstDelays }: Participant, kills: number): readonly string[] {
  const faults = errors.map((error) => `${name}: ${String(error)}`);
  if (openings !== kills + 1) faults.push(`${name} was connected ${openings} times, with ${kills} kills`);
  if (firstDelays.length !== kills) faults.push(`${name} lost ${firstDelays.length} connections, with ${kills} kills`);
  return faults;
}

function spreadsByKill(participants: readonly Participant[], kills: number): readonly Spread[] {
  return Array.from({ length: kills }, (_, kill) =>
    spreadOf(participants.flatMap(({ firstDelays }) => firstDelays.slice(kill, kill + 1))),
  );
}

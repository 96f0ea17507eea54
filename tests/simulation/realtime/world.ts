/**
 * The real-time server and its clients over a simulated network, with processes that can be killed.
 */
import { createClientFactory } from "#src/realtime/client/index.js";
import { call, contract, log, media, signal, state, unchecked } from "#src/realtime/contract/index.js";
import { type Engine, memory } from "#src/realtime/engines/index.js";
import { createRealtimePlatform } from "#src/realtime/platform.js";
import { ServedRealtimeServer } from "#src/realtime/served.js";
import { realtimeParts } from "#src/realtime/server/index.js";
import { FakeClock, type Link, SeededRandom } from "#src/testing/index.js";
import { createTestPlatform } from "#src/testing/test-platform.js";
import { MemoryServer } from "#src/testing/test-server.js";
import { startUnixMs } from "../../realtime/engines/world.js";
import { engineWith } from "../../realtime/server/engines.js";
import { lagging } from "./lagging-engine.js";
import { Disk, VolatileJournal } from "./volatile-journal.js";
import { Carried, WireJudge } from "./wire-judge.js";

export const api = contract({
  channels: {
    "room/{id}": log({ message: unchecked<string>(), retain: { count: 100_000 } }),
    "short/{id}": log({ message: unchecked<string>(), retain: { count: 5 } }),
    "book/{id}": state({ value: unchecked<number | string>() }),
    "calm/{id}": state({ value: unchecked<number | string>(), maxUpdatesPerSecond: 5 }),
    "arena/{id}": state({ value: unchecked<number | string>() }),
    "cursor/{id}": signal({ message: unchecked<readonly [sender: number, count: number, padding?: string]>() }),
    "video/{id}": media({ groupBytesMax: 3000 }),
  },
  calls: { order: call({ input: unchecked<string>(), output: unchecked<number>(), idempotent: true }) },
});

/** Where an entry of "arena/1" is. */
export function areaOf(value: unknown): number {
  return Number(value) % 4;
}

export type SimulatedClient = ReturnType<SimulatedWorld["client"]>;

export class SimulatedWorld {
  readonly clock: FakeClock;
  readonly random: SeededRandom;
  readonly errors: unknown[] = [];
  /** How often each order was run. */
  readonly runs = new Map<string, number>();
  kills = 0;
  /** The areas of "arena/1" that everybody sees. */
  seen: ReadonlySet<number> = new Set([0, 1]);
  /** Counts signals that the server sends. */
  nextSignal = 0;
  realtime!: ServedRealtimeServer;
  /** By the process that runs, or ran last. */
  carried: Carried = new Carried();
  readonly #platform: ReturnType<typeof createTestPlatform>;
  readonly #disk = new Disk();
  /** Milliseconds by which the engine's followers lag at most. */
  readonly #lagMs: number;
  #journal!: VolatileJournal;
  #network: MemoryServer<undefined> | undefined;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.#lagMs = this.random.pick([0, 0, 20, 300]);
    const lateness = this.random.fork();
    this.clock = new FakeClock({ lateByMs: (delayMs) => lateness.integer(0, Math.min(3, Math.ceil(delayMs / 10))) });
    this.#platform = createTestPlatform(this.clock, this.random.fork());
    this.boot();
  }

  /** A process begins, with what the disk has. */
  boot(): void {
    if (this.#network !== undefined) return;
    this.#journal = new VolatileJournal(this.#disk, this.clock, 2);
    const platform = createRealtimePlatform(
      { ...this.#platform, reportError: (error) => this.errors.push(error) },
      {
        unixMs: () => startUnixMs + this.clock.now(),
        setTimer: (callback, delayMs) => this.clock.setTimer(callback, delayMs),
      },
    );
    const engine = this.#noting(memory({ journal: this.#journal }));
    const limits = { pageMessages: 4, pageBytes: 2000, maxLagBytes: 3000, maxLagKeys: 6 };
    const parts = realtimeParts(platform, api, {
      engine: this.#lagMs === 0 ? engine : lagging(engine, this.clock, () => this.random.integer(0, this.#lagMs)),
      limits: { ...limits, maxLagSignals: 10, maxLagFrames: 6, requestsPerSecond: 100_000, requestBurst: 100_000 },
      interest: { "arena/{id}": { area: (_key, value) => areaOf(value), sees: () => this.seen } },
      calls: {
        order: async (input) => {
          const run = (this.runs.get(input as string) ?? 0) + 1;
          this.runs.set(input as string, run);
          await this.clock.sleep(this.random.integer(0, 50));
          return run;
        },
      },
    });
    this.realtime = new ServedRealtimeServer(parts);
    const link = { latencyMs: 5, jitterMs: 10, capacityBytes: 3000 };
    const options = { ...this.realtime.handlers, link, highWaterMarkBytes: 2000, heartbeat: false } as const;
    this.#network = new MemoryServer<undefined>(options, this.clock, this.random.fork(), this.#platform);
  }

  /** An engine that writes down what it carries and does not keep. */
  #noting(engine: Engine): Engine {
    const carried = new Carried();
    this.carried = carried;
    return engineWith(engine, {
      signals: () => ({
        send: (channel, message) => {
          carried.signals.push(JSON.stringify(message.value));
          return engine.signals.send(channel, message);
        },
        listen: (channel, receive) => engine.signals.listen(channel, receive),
      }),
      media: () => ({
        append: (channel, frame, groupBytesMax) => {
          const appending = engine.media.append(channel, frame, groupBytesMax);
          return appending.then((place) => {
            carried.media.push(`${String(place.group)}.${String(place.index)}`);
            return place;
          });
        },
        tail: (channel, receive) => engine.media.tail(channel, receive),
      }),
    });
  }

  /** The process is killed: nobody is told anything, but that the connections are gone. */
  kill(): void {
    if (this.#network === undefined) return;
    this.kills++;
    this.#journal.kill();
    const { links } = this.#network;
    this.#network = undefined;
    for (const link of [...links]) link.reset();
  }

  get isUp(): boolean {
    return this.#network !== undefined;
  }

  client() {
    const random = this.random.fork();
    let link: Link | undefined;
    const create = createClientFactory({
      connect: async (_url, options) => {
        const network = this.#network;
        if (network === undefined) throw Object.assign(new Error("nobody listens"), { code: "ECONNREFUSED" });
        const socket = await network.open(options);
        link = network.linkOf(socket);
        return socket;
      },
      clock: this.clock,
      random: () => random.next(),
      reportError: (error) => this.errors.push(error),
    });
    const wire = new WireJudge(() => this.carried);
    const client = create(api, "ws://server.test", {
      ...{ reconnect: { minDelayMs: 20, maxDelayMs: 500 }, codecs: [wire.codec] },
    });
    return {
      client,
      wire,
      /** The link of its connection, where there is one. */
      get link(): Link | undefined {
        return link?.isOver === true ? undefined : link;
      },
    };
  }

  /** Everything ends. */
  async close(): Promise<void> {
    await this.realtime.close();
    await this.#network?.close();
  }
}

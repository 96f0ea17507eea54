/**
 * Runs of a server and its clients over a network that fails, in virtual time, drawn from a seed to the last choice; and
 * what has to hold about each of them.
 *
 * - Messages arrive in order, once and unchanged; where some are missing, a report says why.
 * - Both sides always end, with one report each.
 * - Nothing is left: no timer, no link, no socket, no subscription, no promise, no buffer.
 * - What waits stays below its limits.
 */
import { ConnectError, HandshakeTimeoutError, type ServerSocket, UpgradeRefusedError } from "#src/index.js";
import type { WindowMemory } from "#src/protocol/extensions/index.js";
import { FakeClock, type LinkOptions, SeededRandom } from "#src/testing/index.js";
import { createTestPlatform } from "#src/testing/test-platform.js";
import { MemoryServer, type TestServerOptions } from "#src/testing/test-server.js";
import { CoarseTimers } from "#src/transport/coarse-timers.js";
import { type FaultName, faultyStage } from "./faults.js";
import { isAllDone, judgeEnd, judgeMoment, judgeProgress } from "./judge.js";
import { SimulationLog } from "./log.js";
import { makeMessage } from "./messages.js";
import { Party, PlannedError, type Stage } from "./party.js";
import { refragmenter } from "./refragment.js";
import { drawScenario, type Scenario } from "./scenario.js";
import { WatchedPool } from "./watched-pool.js";
import { makeWeather } from "./weather.js";

/** What a run came to. */
export interface Outcome {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** Messages that were received. */
  readonly messages: number;
}

/** What is to be different from what the seed says. */
export interface Changes {
  readonly scenario?: Partial<Scenario>;
  /** Something that must not happen to the octets between the first client and the server. */
  readonly fault?: FaultName;
  /** The server does not get to see the message of this number, counted from 0, of each client. */
  readonly serverLoses?: number;
  /** Called when everything has been set up. */
  readonly began?: (simulation: Simulation) => void;
}

// What most runs need by far; whoever is not done then sees the connection closed under its hands.
const livingMs = 60_000;
// Slow handlers, of long queues, over thin lines.
const finishingMs = 10_000_000;
const topics = ["news", "weather"];

/** Runs once. */
export async function simulate(seed: number, changes: Changes = {}): Promise<Outcome> {
  return new Simulation(seed, changes).run();
}

/** See the head of this file. */
export class Simulation implements Stage {
  readonly clock: FakeClock;
  readonly log: SimulationLog;
  readonly scenario: Scenario;
  readonly server: MemoryServer<Party>;
  readonly pool = new WatchedPool();
  /** The memory of all windows of compression. */
  readonly windows: WindowMemory | undefined;
  /** The clients' ends, and the server's. */
  readonly parties: Party[] = [];
  /** What has not settled yet. */
  readonly pending = new Map<Promise<unknown>, string>();
  readonly #seed: number;
  readonly #changes: Changes;
  readonly #random: SeededRandom;
  #lost = 0;

  constructor(seed: number, changes: Changes) {
    this.#seed = seed;
    this.#changes = changes;
    this.#random = new SeededRandom(seed);
    const random = this.#random;
    this.scenario = { ...drawScenario(random), ...changes.scenario };
    const { maxLatenessMs, hasCoarseDeadlines, link } = this.scenario;
    const lateness = random.fork();
    this.clock = new FakeClock({ lateByMs: () => lateness.next() * maxLatenessMs });
    this.log = new SimulationLog(this.clock);
    const testPlatform = createTestPlatform(this.clock, random.fork());
    this.windows = testPlatform.compression?.windows;
    const platform = {
      ...testPlatform,
      pool: this.pool,
      deadlines: hasCoarseDeadlines ? new CoarseTimers(this.clock, 100) : this.clock,
      reportError: (error: unknown, during: string) => this.#errorReported(error, during),
    };
    const options = { ...this.#serverOptions(random.fork()), link };
    this.server = new MemoryServer(options, this.clock, random.fork(), platform);
  }

  readonly watch = (what: string, promise: Promise<unknown>): void => {
    this.pending.set(promise, what);
    promise.then(
      () => this.pending.delete(promise),
      (error: unknown) => {
        this.pending.delete(promise);
        this.log.violation(what, `rejected with ${String(error)}`);
      },
    );
  };

  async run(): Promise<Outcome> {
    this.#changes.began?.(this);
    const lives = this.scenario.clientReceptions.map((_reception, index) => this.#runClient(index));
    if (this.scenario.serverReception === "iterator") this.watch("the server's iterating", this.#takeSockets());
    makeWeather(this, this.#random.fork());
    let isDone = false;
    void Promise.all(lives)
      // What is on its way may arrive, or not.
      .then(() => this.clock.sleep(this.#random.pick([0, 300, 10_000])))
      .then(() => {
        isDone = true;
      });
    await this.clock.runUntil(() => this.#judgeNow(() => isDone), livingMs);
    if (isDone && this.#isCalm) await this.#finish();
    await this.#end();
    judgeEnd(this);
    const messages = this.parties.reduce((sum, { received }) => sum + received, 0);
    const { violations, trace } = this.log;
    return { seed: this.#seed, scenario: this.scenario, violations, trace, messages };
  }

  #judgeNow(isOver: () => boolean): boolean {
    judgeMoment(this);
    return isOver();
  }

  /** Whether nothing goes wrong on purpose, so that nobody may be kept waiting. */
  get #isCalm(): boolean {
    const { weather, handlerFailure, endingChance } = this.scenario;
    return weather === "fair" && handlerFailure === 0 && endingChance === 0;
  }

  /** Lets everything under way arrive. */
  async #finish(): Promise<void> {
    await this.clock.runUntil(() => this.#judgeNow(() => isAllDone(this)), finishingMs);
    judgeProgress(this);
  }

  async #end(): Promise<void> {
    this.log.note("everybody", "the end");
    for (const party of this.parties) {
      if (party.role === "client") party.close(1000, "the end");
      else party.isClosing();
    }
    // First in the queue of those who make time pass, so that every moment is looked at.
    const watching = this.clock.runUntil(() => this.#judgeNow(() => this.server.links.size === 0), livingMs);
    if (this.scenario.drainMs === undefined) this.watch("the server's close", this.server.close());
    else this.watch("the server's drain", this.server.drain({ deadlineMs: this.scenario.drainMs }));
    await watching;
    for (const link of this.server.links) {
      link.unstall("to-server");
      link.unstall("to-client");
    }
    // Handlers, iterators and deadlines, each of which takes its time.
    await this.clock.advance(200_000);
    // Closing has made time pass in between, and is told of that behind us in the queue.
    for (let count = 0; count < 3; count++) await this.clock.settle();
  }

  #errorReported(error: unknown, during: string): void {
    this.log.note("an error", `${String(error)} during ${during}`);
    if (!(error instanceof PlannedError)) this.log.violation("an error", `${String(error)} during ${during}`);
  }

  #serverOptions(random: SeededRandom): TestServerOptions<Party> {
    const { serverReception, serverOptions } = this.scenario;
    const common: TestServerOptions<Party> = {
      ...serverOptions,
      accept: async (request) => {
        const party = this.#partyOf(Number(new URL(request.url).searchParams.get("client")), random);
        if (random.chance(0.3)) await this.clock.sleep(random.integer(0, 100));
        return { data: party };
      },
      close: (socket) => socket.data.closeHandled(),
    };
    if (serverReception === "iterator") return common;
    return {
      ...common,
      open: (socket) => this.#serverOpened(socket),
      message: (socket, message) =>
        this.#lost++ === this.#changes.serverLoses ? undefined : socket.data.handle(message),
    };
  }

  /** Makes the server's end of a client's connection. */
  #partyOf(index: number, random: SeededRandom): Party {
    const client = this.parties.find(({ name }) => name === `client ${index}`);
    const { serverReception } = this.scenario;
    const party = new Party(`server ${index}`, "server", serverReception, this, random.fork());
    party.peer = client;
    if (client !== undefined) client.peer = party;
    this.parties.push(party);
    return party;
  }

  async #takeSockets(): Promise<void> {
    for await (const socket of this.server) this.#serverOpened(socket);
  }

  #serverOpened(socket: ServerSocket<Party>): void {
    const party = socket.data;
    party.opened(socket);
    for (const topic of topics) if (party.random.chance(0.6)) socket.subscribe(topic);
    this.watch(`${party.name}'s life`, this.#liveAndPublish(party));
  }

  async #liveAndPublish(party: Party): Promise<void> {
    const living = party.live();
    for (let count = party.random.integer(0, 5); count > 0; count--) {
      await this.clock.sleep(party.random.integer(0, 500));
      this.#publish(party.random.pick(topics), party.random);
    }
    await living;
  }

  #publish(topic: string, random: SeededRandom): void {
    let message = makeMessage(random, Math.min(30_000, this.scenario.longMessageBytes));
    // Long enough to be unlike all others: who does not get it shall not be thought to have got another for it.
    while (message.length < 12) message = makeMessage(random, 1000);
    const copy = typeof message === "string" ? message : Uint8Array.from(message);
    const members = [...this.server.sockets].filter(({ topics: subscribed }) => subscribed.has(topic));
    const { delivered, refused } = this.server.publish(topic, message);
    this.log.note("the server", `publishes to ${topic}: ${delivered} delivered, ${refused} refused`);
    if (delivered + refused !== members.length) this.log.violation("the server", "publish counts wrongly");
    if (delivered > 0) for (const { data } of members) data.sent.add(copy, refused > 0);
    // It was copied.
    if (typeof message !== "string") message.fill(0xee);
  }

  async #runClient(index: number): Promise<void> {
    const { scenario } = this;
    const random = this.#random.fork();
    const reception = scenario.clientReceptions[index] ?? "handler";
    const party = new Party(`client ${index}`, "client", reception, this, random);
    this.parties.push(party);
    await this.clock.sleep(random.integer(0, scenario.maxPauseMs));
    try {
      const socket = await this.server.open({
        ...scenario.clientOptions,
        target: `/?client=${index}`,
        link: this.#linkOptions(index, random.fork()),
        handshakeTimeoutMs: random.pick([10_000, 10_000, 1000]),
        open: (socket) => party.opened(socket),
        close: () => party.closeHandled(),
        ...(reception === "iterator" ? {} : { message: (_socket, message) => party.handle(message) }),
      });
      party.link = this.server.linkOf(socket);
      if (party.peer !== undefined) party.peer.link = party.link;
    } catch (error) {
      party.note(`not connected: ${String(error)}`);
      if (
        !(
          error instanceof ConnectError ||
          error instanceof HandshakeTimeoutError ||
          error instanceof UpgradeRefusedError
        )
      ) {
        this.log.violation(party.name, `connecting was rejected with ${String(error)}`);
      }
      return;
    }
    await party.live();
  }

  /** The link of one client, with what changes frames on their way. */
  #linkOptions(index: number, random: SeededRandom): LinkOptions {
    const { link, refragments } = this.scenario;
    const { fault } = this.#changes;
    const pass = (octets: Uint8Array): readonly Uint8Array[] => [octets];
    const toServer = refragments ? refragmenter(random.fork()) : pass;
    const toClient = refragments ? refragmenter(random.fork()) : pass;
    const faulty = fault !== undefined && index === 0 ? faultyStage(fault, 2) : pass;
    return {
      ...link,
      tamper: (octets, direction) =>
        direction === "to-client" ? toClient(octets) : toServer(octets).flatMap((piece) => faulty(piece)),
    };
  }
}

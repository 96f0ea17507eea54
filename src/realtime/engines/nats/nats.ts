/**
 * The engine over NATS: JetStream keeps logs, states, what calls came to and who is there; signals and media are messages
 * of NATS itself.
 */
import { AuthorizationError, connect, UserAuthenticationExpiredError } from "@nats-io/transport-node";
import type { Engine, EngineGrant, EngineHealth, EngineHost, EngineNeeds, EngineTimer } from "../index.js";
import { EngineError } from "../index.js";
import { Burials } from "./burials.js";
import { NatsCalls } from "./calls.js";
import { engineErrorOf, NatsLink, translating } from "./link.js";
import { NatsLogs } from "./logs.js";
import { NatsMedia } from "./media.js";
import { checkNeeds } from "./needs.js";
import { type NatsOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { NatsPresence } from "./presence.js";
import { NatsSignals } from "./signals.js";
import { NatsStates } from "./states.js";
import { Streams } from "./streams.js";
import { Subjects } from "./subjects.js";

// What republishes what it has kept, and gives it out by subject.
const minMajor = 2;
const minMinor = 9;

/**
 * Makes an engine over NATS with JetStream, nats-server 2.9 or newer.
 *
 * ```ts
 * const engine = nats({ servers: ["nats://a:4222", "nats://b:4222"], replicas: 3 });
 * ```
 *
 * @throws RangeError for an option that is out of its range
 */
export function nats(options: NatsOptions = {}): Engine {
  return new NatsEngine(resolveOptions(options));
}

class NatsEngine implements Engine {
  readonly name = "nats";
  readonly #options: ResolvedOptions;
  #started: Started | undefined;
  #isStarting = false;
  #isClosed = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  async start(host: EngineHost): Promise<void> {
    if (this.#isStarting) throw new EngineError("unavailable", "the engine has been started before");
    this.#isStarting = true;
    const link = await this.#connect(host);
    try {
      checkServer(link);
      const started = new Started(link);
      this.#started = started;
      await started.start();
    } catch (error) {
      link.end();
      this.#started?.stop();
      await link.close();
      throw engineErrorOf(error);
    }
    if (this.#isClosed) await this.#started.close();
  }

  async #connect(host: EngineHost): Promise<NatsLink> {
    try {
      const connection = await (this.#options.connect ?? connect)(this.#options.connection);
      return new NatsLink(connection, host, this.#options);
    } catch (cause) {
      const what = isRefusal(cause) ? "refuses these credentials" : "cannot be reached";
      throw new EngineError("unavailable", `NATS ${what}: ${String(cause)}`, { cause });
    }
  }

  async check(needs: EngineNeeds): Promise<EngineGrant> {
    return await this.#kinds.check(needs);
  }

  health(): EngineHealth {
    const started = this.#started;
    if (started === undefined) return { isAvailable: false, bytes: undefined, reason: "not started" };
    const { link } = started;
    const reason = link.isClosed ? "the engine has been closed" : reasonOf(link);
    return { isAvailable: reason === undefined, bytes: started.logs.bytes, reason };
  }

  get logs(): NatsLogs {
    return this.#kinds.logs;
  }

  get states(): NatsStates {
    return this.#kinds.states;
  }

  get signals(): NatsSignals {
    return this.#kinds.signals;
  }

  get media(): NatsMedia {
    return this.#kinds.media;
  }

  get calls(): NatsCalls {
    return this.#kinds.calls;
  }

  get presence(): NatsPresence {
    return this.#kinds.presence;
  }

  get #kinds(): Started {
    if (this.#started === undefined) throw new EngineError("unavailable", "the engine has not been started");
    return this.#started;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#started?.close();
  }
}

/** Why what is asked is unavailable; undefined where it is not. */
function reasonOf({ isConnected, silence }: NatsLink): string | undefined {
  if (!isConnected) return "NATS cannot be reached";
  return silence === undefined ? undefined : `NATS does not answer: ${silence}`;
}

/** Whether trying again would lead to the same. */
function isRefusal(error: unknown): boolean {
  return error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
}

/** @throws EngineError "unavailable" for a server that cannot do what is needed */
function checkServer({ connection: { info } }: NatsLink): void {
  const [major = 0, minor = 0] = (info?.version ?? "").split(".").map(Number);
  if (major < minMajor || (major === minMajor && minor < minMinor)) {
    throw new EngineError("unavailable", `nats-server ${info?.version} is too old: ${minMajor}.${minMinor} is needed`);
  }
  if (info?.headers !== true) throw new EngineError("unavailable", "this NATS server has no headers");
}

/** What there is once there is a connection. */
class Started {
  readonly link: NatsLink;
  readonly logs: NatsLogs;
  readonly states: NatsStates;
  readonly signals: NatsSignals;
  readonly media: NatsMedia;
  readonly calls: NatsCalls;
  readonly presence: NatsPresence;
  readonly #streams: Streams;
  readonly #burials: Burials;
  #timer: EngineTimer | undefined;
  #isLooking = false;

  constructor(link: NatsLink) {
    const subjects = new Subjects(link.options.prefix);
    this.link = link;
    this.#streams = new Streams(link, subjects);
    this.#burials = new Burials(link, this.#streams);
    // Before others do on a reconnect, so that they know of streams that are new.
    link.onReconnect(() => void this.#look());
    this.logs = new NatsLogs(link, this.#streams, subjects);
    this.states = new NatsStates(link, this.#streams, subjects, this.#burials);
    this.signals = new NatsSignals(link, subjects);
    this.media = new NatsMedia(link, subjects);
    this.calls = new NatsCalls(link, this.#streams, subjects, this.#burials);
    this.presence = new NatsPresence(link, this.#streams, subjects, this.#burials);
  }

  async start(): Promise<void> {
    await this.#streams.start();
    await this.presence.start();
    this.#lookLater();
  }

  check(needs: EngineNeeds): Promise<EngineGrant> {
    return translating(() => checkNeeds(this.link, this.#streams, needs));
  }

  #lookLater(): void {
    this.#timer = this.link.host.setTimer(() => {
      void this.#look().finally(() => {
        if (!this.link.isClosed) this.#lookLater();
      });
    }, this.link.options.auditIntervalMs);
  }

  async #look(): Promise<void> {
    if (this.#isLooking || !this.link.isConnected) return;
    this.#isLooking = true;
    try {
      await this.#streams.look();
    } catch {
      // It is looked at again in a moment, and whoever needs it meanwhile hears of it.
    } finally {
      this.#isLooking = false;
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#burials.stop();
    this.logs.stop();
    this.states.stop();
    this.media.stop();
    this.presence.stop();
  }

  async close(): Promise<void> {
    // First: the client library takes what is written to a server that is just going for an error that nobody handles.
    // What is not taken away goes by itself.
    this.link.end();
    this.stop();
    await this.link.close();
  }
}

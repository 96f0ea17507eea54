/**
 * The real-time server without a network: what applications do with it, and the way in for connections.
 */
import { type AnyChannel, type Match, validate } from "../contract/index.js";
import type {
  EngineHealth,
  EngineSubscription,
  LogEntry,
  MediaPlace,
  PresenceList,
  StateEntry,
} from "../engines/index.js";
import { setMany } from "../engines/index.js";
import { type Codec, type HistoryRange, RealtimeCloseCode, RealtimeError } from "../wire/index.js";
import type { RealtimeConnection, RealtimePlatform } from "./connection.js";
import { type Followed, follow } from "./following.js";
import type { ResolvedLimits } from "./limits.js";
import { MediaPublisher } from "./media-publisher.js";
import { Nodes } from "./nodes.js";
import { type Order, Orders } from "./orders.js";
import { maxTimerMs } from "./outgoing-calls.js";
import { retentionOf } from "./publishing.js";
import type { Realtime, RealtimeSession, ServerPublishOptions } from "./realtime-interface.js";
import type { Services } from "./services.js";
import { Session } from "./session.js";
import { type RealtimeUserCalls, UserCalls } from "./user-calls.js";

/** What a server is made of. */
export interface RealtimeParts {
  readonly services: Services;
  readonly codecs: readonly Codec[];
  /** Asks the engine, which has started, for what the contract wants. @throws EngineError "not-guaranteed" */
  readonly agree: () => Promise<void>;
}

const defaultSpreadMs = 10_000;
// In this part of the time clients begin to come back, and so much time whoever begins last has to get there, and what is under
// way to be done, before the old connection ends.
const movingPart = 0.8;
const movingMs = 2000;
const lateSpreadMs = 1000;
const defaultPresenceLimit = 100;
const pageKeys = 500;

// Channels of media that the server sends to itself, and whose groups it remembers.
const maxPublishers = 1024;

/** See the head of this file. */
export class RealtimeServer implements Realtime {
  readonly ready: Promise<void>;
  readonly #services: Services;
  readonly #codecs: readonly Codec[];
  readonly #sessions = new Map<string, Session>();
  /** Of the server's own media, by channel. */
  readonly #publishers = new Map<string, MediaPublisher>();
  readonly #nodes: Nodes;
  readonly #userCalls: UserCalls;
  readonly #orders: Orders;
  #isDraining = false;
  #emptied: () => void = () => undefined;

  constructor({ services, codecs, agree }: RealtimeParts) {
    this.#services = services;
    this.#codecs = codecs;
    const { engine, platform, limits, presences, report } = services;
    this.#nodes = new Nodes({ engine, node: presences.node, report });
    this.#userCalls = new UserCalls({
      ...{ nodes: this.#nodes, platform, maxCallMs: limits.maxCallMs, report },
      sessionsOf: (user) => services.users.of(user),
    });
    this.#orders = new Orders({
      ...{ engine, platform, nodes: this.#nodes, patienceMs: limits.decisionTimeoutMs, report },
      obey: (order) => this.#obey(order),
      missed: () => this.#doubt(),
    });
    this.ready = this.#start(agree);
    // Whoever uses it is told.
    this.ready.catch((error: unknown) => services.report(error, "starting the engine"));
  }

  async #start(agree: () => Promise<void>): Promise<void> {
    const { engine, platform, report } = this.#services;
    // What it reports is told where the application wants it.
    await engine.start({
      now: () => platform.now(),
      unixMs: () => platform.unixMs(),
      setTimer: (callback, delayMs) => platform.setTimer(callback, delayMs),
      randomId: () => platform.randomId(),
      reportError: report,
    });
    await agree();
    // The others wait for whoever is known to them: this one can hear them before they know of it.
    await this.#nodes.start();
    await this.#orders.start();
    await this.#services.presences.start();
  }

  /** Whether connections are no longer welcome. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether anybody asks for the request that a connection came with. */
  get authenticates(): boolean {
    return this.#services.authenticate !== undefined;
  }

  get sessions(): Iterable<RealtimeSession> {
    return [...this.#sessions.values()].filter(({ isOpen }) => isOpen).map(sessionView);
  }

  health(): EngineHealth {
    return this.#services.engine.health();
  }

  get limits(): ResolvedLimits {
    return this.#services.limits;
  }

  get platform(): RealtimePlatform {
    return this.#services.platform;
  }

  /** The codec for the first subprotocol that we speak, too. */
  codecFor(protocols: readonly string[]): Codec | undefined {
    for (const protocol of protocols) {
      const codec = this.#codecs.find(({ subprotocol }) => subprotocol === protocol);
      if (codec !== undefined) return codec;
    }
    return undefined;
  }

  /** A connection has been opened, with a codec's subprotocol. To be called when the engine is ready. */
  connect(connection: RealtimeConnection, codec: Codec): Session {
    const session = new Session(this.#services, connection, codec, ({ id }) => {
      this.#sessions.delete(id);
      if (this.#sessions.size === 0) this.#emptied();
    });
    this.#sessions.set(session.id, session);
    return session;
  }

  #match(name: string, ...kinds: readonly AnyChannel["kind"][]): Match<AnyChannel> {
    const match = this.#services.contract.channelOf(name);
    if (match === undefined) throw new RealtimeError("not-found", `there is no channel ${JSON.stringify(name)}`);
    if (kinds.length > 0 && !kinds.includes(match.value.kind)) {
      throw new RealtimeError("wrong-kind", `${JSON.stringify(name)} is a ${match.value.kind}`);
    }
    return match;
  }

  async publish(name: string, value: unknown, options: ServerPublishOptions = {}): Promise<string> {
    const { engine, platform, limits } = this.#services;
    const { value: channel } = this.#match(name, "log", "signal");
    await this.ready;
    const { user, idempotencyKey: key } = options;
    if (channel.kind === "signal") {
      await engine.signals.send(name, { value: await validate(channel.message, value), user });
      return "";
    }
    if (channel.kind !== "log") return "";
    const checked = channel.message === undefined ? value : await validate(channel.message, value);
    const meta = {
      timeMs: platform.unixMs(),
      ...(user !== undefined && { user }),
      ...(key !== undefined && { key }),
    };
    const retain = retentionOf(channel.retain, limits);
    const idempotency = key === undefined ? undefined : { key: `server${key}`, windowMs: limits.idempotencyWindowMs };
    return (await engine.logs.append(name, { value: checked, meta, retain, idempotency })).position;
  }

  async set(name: string, key: string, value: unknown, expected?: string | null): Promise<string> {
    const { value: channel } = this.#match(name, "state");
    // Nothing is waited for that deleting does not wait for, unless the schema asks for it: what is asked for in a row is
    // done in that order.
    const checked = channel.kind === "state" ? validate(channel.value, value) : value;
    await this.ready;
    const given: unknown = checked instanceof Promise ? await checked : checked;
    return await this.#services.engine.states.set(name, key, given, expected);
  }

  async delete(name: string, key: string, expected?: string | null): Promise<string> {
    this.#match(name, "state");
    await this.ready;
    return await this.#services.engine.states.delete(name, key, expected);
  }

  async setMany(
    name: string,
    entries: Iterable<readonly [key: string, value: unknown]>,
    deleted: Iterable<string> = [],
  ): Promise<void> {
    const { value: channel } = this.#match(name, "state");
    const gone = [...deleted];
    const schema = channel.kind === "state" ? channel.value : undefined;
    let given = [...entries];
    if (schema !== undefined) {
      const checked = given.map(([key, value]) => [key, validate(schema, value)] as const);
      const isLate = checked.some(([, value]) => value instanceof Promise);
      given = [];
      for (const [key, value] of checked) given.push([key, isLate ? await value : value]);
    }
    await this.ready;
    await setMany(this.#services.engine.states, name, given, gone);
  }

  async *entries(name: string): AsyncGenerator<StateEntry, void> {
    this.#match(name, "state");
    await this.ready;
    let cursor: string | undefined;
    do {
      const page = await this.#services.engine.states.snapshot(name, { cursor, limit: pageKeys });
      yield* page.entries;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  async send(name: string, data: Uint8Array, isKey: boolean, timeMs?: number): Promise<MediaPlace> {
    const { value: channel } = this.#match(name, "media");
    await this.ready;
    const publisher =
      this.#publishers.get(name) ?? new MediaPublisher(name, channel.kind === "media" ? channel.groupBytesMax : 0);
    // Without a key frame it would be refused, and nothing is to be remembered of it.
    if (isKey) this.#keep(name, publisher);
    return await publisher.append(() => this.#services.engine.media, { data, isKey, timeMs });
  }

  /** As the newest. */
  #keep(name: string, publisher: MediaPublisher): void {
    this.#publishers.delete(name);
    this.#publishers.set(name, publisher);
    // One that is forgotten goes on with its next key frame.
    const [oldest] = this.#publishers.keys();
    if (this.#publishers.size > maxPublishers && oldest !== undefined) this.#publishers.delete(oldest);
  }

  async history(name: string, { after, before, limit }: HistoryRange): Promise<readonly LogEntry[]> {
    this.#match(name, "log");
    await this.ready;
    const { logs } = this.#services.engine;
    let page = await logs.read(name, after === undefined ? { before, limit } : { after, limit });
    if (page.status === "hole" && page.reason === "retention") {
      page = await logs.read(name, { after: page.bounds.start, limit });
    }
    if (page.status === "hole") throw new RealtimeError("not-found", "the channel has no such position");
    return page.entries;
  }

  async follow(name: string, received: (event: never) => void): Promise<EngineSubscription> {
    const { value: channel } = this.#match(name);
    await this.ready;
    const { engine, platform: host, report: reportError } = this.#services;
    const report = (error: unknown): void => reportError(error, `following a ${channel.kind}`);
    const tell = (event: Followed): void => {
      try {
        received(event as never);
      } catch (error) {
        report(error);
      }
    };
    return await follow({ engine, host, name, tell, report }, channel.kind);
  }

  lookAgain(name: string): void {
    this.#services.channels.lookAgain(name, this.#match(name, "state").pattern);
  }

  async presence(name: string, limit: number = defaultPresenceLimit): Promise<PresenceList> {
    this.#match(name);
    await this.ready;
    return await this.#services.engine.presence.list(name, limit);
  }

  user(id: string): RealtimeUserCalls {
    // Where no types are checked, it may be the user of a session that has none: what is meant for one is not for all of those.
    if (typeof id !== "string") throw new TypeError("a user is called by a string");
    const calls = this.#userCalls.of(id);
    const whenReady = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      await this.ready;
      return await call();
    };
    return {
      call: (name, input, options) => whenReady(() => calls.call(name, input, options)),
      callAll: (name, input, options) => whenReady(() => calls.callAll(name, input, options)),
      send: (name, message, options) => whenReady(() => calls.send(name, message, options)),
    };
  }

  revoke(user: string, reason: string = "revoked"): Promise<number> {
    const count = this.#revoke(user, reason);
    return this.#everywhere("revoking a user", ["revoke", user, reason], async (others) => count + (await others));
  }

  reauthorize(user?: string): Promise<void> {
    const here = this.#reauthorize(user);
    return this.#everywhere("asking again what users may do", ["reauthorize", user ?? null], async (others) => {
      await Promise.all([here, others]);
    });
  }

  /** Has the other nodes do what this one has. Nobody has to wait for it. */
  #everywhere<Result>(
    during: string,
    order: Order,
    done: (others: Promise<number>) => Promise<Result>,
  ): Promise<Result> {
    const result = done(this.ready.then(() => this.#orders.give(order)));
    result.catch((error: unknown) => this.#services.report(error, during));
    return result;
  }

  /** Another node says what is to be done. */
  async #obey(order: Order): Promise<number> {
    try {
      if (order[0] === "revoke") return this.#revoke(order[1], order[2]);
      await this.#reauthorize(order[1] ?? undefined);
    } catch (error) {
      this.#services.report(error, "doing what another node says");
    }
    return 0;
  }

  /**
   * Any user may have been revoked. So nothing more is done for those who are here, and they are asked who they are, with
   * their next connection, which the application decides about anew. Whoever is nobody cannot have been revoked.
   */
  #doubt(): void {
    const error = new RealtimeError("unavailable", "it is not known whether this user was revoked");
    const isDoubtful = (session: Session): boolean => !session.isOpen || session.user.id !== null;
    for (const session of [...this.#services.lingering, ...this.#sessions.values()].filter(isDoubtful)) {
      session.revoke(error);
      // Clients take their time after it, so that not all of them come back at once.
      session.close(1012, error.message);
    }
    void this.#obey(["reauthorize", null]);
  }

  #revoke(user: string, reason: string): number {
    const sessions = this.#services.users.of(user);
    for (const session of sessions) session.close(RealtimeCloseCode.Revoked, reason);
    for (const session of this.#sessions.values()) session.revokedMeanwhile(user);
    for (const session of [...this.#services.lingering]) {
      if (session.user.id === user) session.revoke(new RealtimeError("forbidden", reason));
    }
    return sessions.length;
  }

  async #reauthorize(user?: string): Promise<void> {
    const lingering = [...this.#services.lingering];
    const over = lingering.filter((session) => user === undefined || session.user.id === user);
    const open =
      user === undefined ? [...this.#sessions.values()].filter(({ isOpen }) => isOpen) : this.#services.users.of(user);
    await Promise.all([...open, ...over].map((session) => session.reauthorize()));
  }

  async drain(
    options: { readonly spreadMs?: number; readonly deadlineMs?: number; readonly code?: number } = {},
  ): Promise<void> {
    const { spreadMs = defaultSpreadMs, deadlineMs = spreadMs + movingMs, code = 1012 } = options;
    if (!(spreadMs >= 0) || !(deadlineMs >= 0) || deadlineMs > maxTimerMs) {
      throw new RangeError(`drain takes times from 0 to ${maxTimerMs} ms, and these are ${spreadMs} and ${deadlineMs}`);
    }
    const afterMs = Math.min(spreadMs, Math.floor(movingPart * deadlineMs));
    this.#isDraining = true;
    // Those who are on their way in are few, and late.
    this.#services.parting.frame = ["goaway", { afterMs: Math.min(afterMs, lateSpreadMs), code }];
    for (const session of this.#sessions.values()) {
      if (session.isOpen) session.send(["goaway", { afterMs, code }]);
    }
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve;
        this.#services.platform.setTimer(resolve, deadlineMs);
      });
    }
    for (const session of [...this.#sessions.values()]) session.close(code, "going away");
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    for (const session of [...this.#sessions.values()]) session.close(1001, "going away");
    // Why it did not start has been reported. What of it did has to end all the same.
    await this.ready.catch(() => undefined);
    this.#userCalls.stop();
    this.#orders.stop();
    this.#nodes.stop();
    try {
      await this.#services.presences.stop();
    } catch (error) {
      this.#services.report(error, "closing");
    }
    await this.#services.engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function sessionView(session: Session): RealtimeSession {
  return {
    id: session.id,
    user: session.user,
    get channels() {
      return session.channels.names;
    },
    call: (name, input, options) => session.calls.call(name, input, options),
    stream: (name, input, options) => session.calls.stream(name, input, options),
    revoke: (reason = "revoked") => session.close(RealtimeCloseCode.Revoked, reason),
  };
}

/**
 * The real-time server without a network: what applications do with it, and the way in for connections.
 */
import {
  type AnyChannel,
  type ChannelName,
  type ChannelOf,
  type ChannelsOf,
  type ContractDefinition,
  type Match,
  type ReceivedOf,
  type SentOf,
  validate,
} from "../contract/index.js";
import type {
  EngineHealth,
  EngineSubscription,
  LogEntry,
  MediaPlace,
  PresenceList,
  StateEntry,
} from "../engines/index.js";
import { type Codec, type HistoryRange, RealtimeCloseCode, RealtimeError } from "../wire/index.js";
import type { RealtimeConnection, RealtimePlatform } from "./connection.js";
import {
  type Followed,
  follow,
  type LogFollowed,
  type MediaFollowed,
  type SignalFollowed,
  type StateFollowed,
} from "./following.js";
import type { ResolvedLimits } from "./limits.js";
import { MediaPublisher } from "./media-publisher.js";
import type { RealtimeUser } from "./options.js";
import type { ClientCallOptions } from "./outgoing-calls.js";
import { retentionOf } from "./publishing.js";
import type { Services } from "./services.js";
import { Session } from "./session.js";

/** What is said with a message that the server publishes. */
export interface ServerPublishOptions {
  /** Publishing twice with the same key within `idempotencyWindowMs` is publishing once. */
  readonly idempotencyKey?: string;
  /** Who is told to have published it. Default: nobody. */
  readonly user?: string;
}

/** A client that is connected. */
export interface RealtimeSession {
  readonly id: string;
  readonly user: RealtimeUser;
  /** The channels that it subscribes to. */
  readonly channels: readonly string[];
  /**
   * Calls the client.
   *
   * @throws RealtimeError with the client's code; `timeout`, `cancelled`, `connection-lost`, `too-many`
   */
  call(name: string, input?: unknown, options?: ClientCallOptions): Promise<unknown>;
  /** Calls the client for a stream of results. Leaving the loop cancels it. */
  stream(name: string, input?: unknown, options?: ClientCallOptions): AsyncIterable<unknown>;
  /** Ends the connection (4403). The client does not come back by itself. */
  revoke(reason?: string): void;
}

/** What is sent to a channel, as the contract declares it; anything where there is none. */
export type SentTo<
  Definition extends ContractDefinition,
  Name extends string,
> = string extends keyof ChannelsOf<Definition>
  ? unknown
  : ChannelOf<ChannelsOf<Definition>, Name> extends infer Channel extends AnyChannel
    ? SentOf<Channel>
    : never;

/** What comes of a channel, as the contract declares it; of a log, with anything in it, where there is none. */
export type FollowedOf<
  Definition extends ContractDefinition,
  Name extends string,
> = string extends keyof ChannelsOf<Definition>
  ? LogFollowed | SignalFollowed
  : ChannelOf<ChannelsOf<Definition>, Name> extends infer Channel extends AnyChannel
    ? {
        readonly log: LogFollowed<ReceivedOf<Channel>>;
        readonly state: StateFollowed<ReceivedOf<Channel>>;
        readonly signal: SignalFollowed<ReceivedOf<Channel>>;
        readonly media: MediaFollowed;
      }[Channel["kind"]]
    : never;

/** A real-time server. */
export interface Realtime<Definition extends ContractDefinition = ContractDefinition> extends AsyncDisposable {
  /** Resolves when the engine has started; rejects with why it cannot. Whatever is asked before waits for it. */
  readonly ready: Promise<void>;
  /** Those who are connected. */
  readonly sessions: Iterable<RealtimeSession>;
  /** How the engine is. */
  health(): EngineHealth;
  /**
   * Publishes to a log or a signal; what it resolves to is the position in the log, "" for a signal.
   *
   * @throws RealtimeError `not-found`, `wrong-kind`, `invalid-value`; EngineError
   */
  publish<Name extends ChannelName<ChannelsOf<Definition>>>(
    name: Name,
    value: SentTo<Definition, Name>,
    options?: ServerPublishOptions,
  ): Promise<string>;
  /**
   * Sets a key of a state.
   *
   * @param expected the revision that it must have, `null` for none. Default: any
   * @returns the new revision
   * @throws RealtimeError as `publish`; EngineError "conflict"
   */
  set<Name extends ChannelName<ChannelsOf<Definition>>>(
    name: Name,
    key: string,
    value: SentTo<Definition, Name>,
    expected?: string | null,
  ): Promise<string>;
  /** Deletes a key of a state, as `set`. */
  delete(name: ChannelName<ChannelsOf<Definition>>, key: string, expected?: string | null): Promise<string>;
  /** All keys of a state. */
  entries(name: ChannelName<ChannelsOf<Definition>>): AsyncIterable<StateEntry>;
  /**
   * Sends a frame of media. A key frame begins a group, whoever's group was the newest before; other frames go on with the
   * one that was begun here.
   *
   * @param data not copied: do not change it
   * @param isKey whether it begins a group
   * @throws RealtimeError `not-found`, `wrong-kind`; EngineError "too-large" for what would make a group longer than
   *   `groupBytesMax`, "conflict" when somebody else has begun a group since, "no-key-frame" for a frame without a group
   *   and for what follows one that was refused
   */
  send(
    name: ChannelName<ChannelsOf<Definition>>,
    data: Uint8Array,
    isKey: boolean,
    timeMs?: number,
  ): Promise<MediaPlace>;
  /** Messages of a log, the oldest first; of those after a position from its oldest on, where that is past. */
  history(name: ChannelName<ChannelsOf<Definition>>, range: HistoryRange): Promise<readonly LogEntry[]>;
  /**
   * Follows a channel, from every node, with the events that clients get: of a log, messages since the call in order, and
   * gaps where something of that was not kept; of a state, everything there is, and what changes; signals; media from its
   * newest group on. What `received` throws is reported (`error`).
   *
   * @throws RealtimeError `not-found`; EngineError
   */
  follow<Name extends ChannelName<ChannelsOf<Definition>>>(
    name: Name,
    received: (event: FollowedOf<Definition, Name>) => void,
  ): Promise<EngineSubscription>;
  /** Who is present in a channel. */
  presence(name: ChannelName<ChannelsOf<Definition>>, limit?: number): Promise<PresenceList>;
  /**
   * Ends all connections of a user at this node (4403), at once: requests that wait are not done any more, and calls that run
   * are aborted. Returns how many there were.
   */
  revoke(user: string, reason?: string): number;
  /**
   * Asks `authorize` and `authorizeCalls` again, of one user or all: about every subscription and every call that runs, of
   * which those end that are no longer allowed, and about every request that waits.
   */
  reauthorize(user?: string): Promise<void>;
  /**
   * Sends everybody away in order: clients are told, come back elsewhere within `spreadMs`, each at a moment by chance,
   * and what is left then is closed. To be called before the server's own `drain`.
   *
   * @param options `spreadMs`: default 10,000. `code`: what is closed with, default 1012
   */
  drain(options?: { readonly spreadMs?: number; readonly code?: number }): Promise<void>;
  /** Ends all connections, and the engine. */
  close(): Promise<void>;
}

/** What a server is made of. */
export interface RealtimeParts {
  readonly services: Services;
  readonly codecs: readonly Codec[];
}

const defaultSpreadMs = 10_000;
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
  #isDraining = false;
  #emptied: () => void = () => undefined;

  constructor({ services, codecs }: RealtimeParts) {
    this.#services = services;
    this.#codecs = codecs;
    this.ready = this.#start();
    // Whoever uses it is told.
    this.ready.catch((error: unknown) => services.report(error, "starting the engine"));
  }

  async #start(): Promise<void> {
    await this.#services.engine.start(this.#services.platform);
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

  async presence(name: string, limit: number = defaultPresenceLimit): Promise<PresenceList> {
    this.#match(name);
    await this.ready;
    return await this.#services.engine.presence.list(name, limit);
  }

  revoke(user: string, reason: string = "revoked"): number {
    const sessions = [...this.#sessions.values()].filter((session) => session.isOpen && session.user.id === user);
    for (const session of sessions) session.close(RealtimeCloseCode.Revoked, reason);
    for (const session of this.#sessions.values()) session.revokedMeanwhile(user);
    for (const session of [...this.#services.lingering]) {
      if (session.user.id === user) session.revoke(new RealtimeError("forbidden", reason));
    }
    return sessions.length;
  }

  async reauthorize(user?: string): Promise<void> {
    const known = [...this.#sessions.values()].filter((session) => session.isOpen);
    const sessions = [...known, ...this.#services.lingering].filter(
      (session) => user === undefined || session.user.id === user,
    );
    await Promise.all(sessions.map((session) => session.reauthorize()));
  }

  async drain(options: { readonly spreadMs?: number; readonly code?: number } = {}): Promise<void> {
    const { spreadMs = defaultSpreadMs, code = 1012 } = options;
    this.#isDraining = true;
    for (const session of this.#sessions.values()) {
      if (session.isOpen) session.send(["goaway", { afterMs: spreadMs, code }]);
    }
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve;
        this.#services.platform.setTimer(resolve, spreadMs);
      });
    }
    for (const session of [...this.#sessions.values()]) session.close(code, "going away");
  }

  async close(): Promise<void> {
    this.#isDraining = true;
    for (const session of [...this.#sessions.values()]) session.close(1001, "going away");
    try {
      await this.ready;
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

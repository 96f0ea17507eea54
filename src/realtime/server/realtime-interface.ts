/**
 * What applications do with a real-time server.
 */
import type {
  AnyChannel,
  ChannelName,
  ChannelOf,
  ChannelsOf,
  ContractDefinition,
  ReceivedOf,
  SentOf,
} from "../contract/index.js";
import type {
  EngineHealth,
  EngineSubscription,
  LogEntry,
  MediaPlace,
  PresenceList,
  StateEntry,
} from "../engines/index.js";
import type { HistoryRange } from "../wire/index.js";
import type { LogFollowed, MediaFollowed, SignalFollowed, StateFollowed } from "./following.js";
import type { RealtimeUser } from "./options.js";
import type { ClientCallOptions } from "./outgoing-calls.js";
import type { RealtimeUserCalls } from "./user-calls.js";

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
  /**
   * Sets many keys of a state, and deletes others, whatever they were; with less work than one by one. Each key is done by
   * itself, and of one that stands there twice the last value counts.
   *
   * @throws RealtimeError as `set`, before anything is done; EngineError, when some may have been done
   */
  setMany<Name extends ChannelName<ChannelsOf<Definition>>>(
    name: Name,
    entries: Iterable<readonly [key: string, value: SentTo<Definition, Name>]>,
    deleted?: Iterable<string>,
  ): Promise<void>;
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
  /**
   * Asks `interest` again what each session sees of a state, though nothing has changed in it, and sends what has come into
   * sight or left it: at the end of the turn, or as soon as the channel's rate allows.
   *
   * @throws RealtimeError `not-found`; `wrong-kind` for a channel without an interest
   */
  lookAgain(name: ChannelName<ChannelsOf<Definition>>): void;
  /** Who is present in a channel. */
  presence(name: ChannelName<ChannelsOf<Definition>>, limit?: number): Promise<PresenceList>;
  /** Calls to a user, and messages: to all sessions of theirs, at whichever node. Sessions without a user have none. */
  user(id: string): RealtimeUserCalls;
  /**
   * Ends all connections of a user (4403): requests that wait are not done any more, and calls that run are aborted. At this
   * node when the call returns, at the others a moment later; at a node that is cut off, when it is back. A node that cannot
   * find out any more who was revoked meanwhile ends the connections of all users (1012): who comes back is asked about anew.
   *
   * @returns how many connections there were, at this node and those that have said so within `decisionTimeoutMs`
   * @throws EngineError when the other nodes cannot be told. Nobody has to handle it: it is reported (`error`), too
   */
  revoke(user: string, reason?: string): Promise<number>;
  /**
   * Asks `authorize` and `authorizeCalls` again, of one user or all: about every subscription and every call that runs, of
   * which those end that are no longer allowed, and about every request that waits. At all nodes, as `revoke`.
   *
   * @throws EngineError as `revoke`
   */
  reauthorize(user?: string): Promise<void>;
  /**
   * Sends everybody away in order: clients are told, come back elsewhere within `spreadMs`, each at a moment by chance,
   * and what is left at `deadlineMs` is closed. Resolves as soon as nobody is left. To be called before the server's own
   * `drain`.
   *
   * @param options `spreadMs`: default 10,000; clients take four fifths of `deadlineMs` at most. `deadlineMs`: default
   *   2,000 more than `spreadMs`; more for those who are slow to connect, and for what is under way. `code`: what is closed with, default 1012
   * @throws RangeError for times out of their range
   */
  drain(options?: { readonly spreadMs?: number; readonly deadlineMs?: number; readonly code?: number }): Promise<void>;
  /** Ends all connections, and the engine. */
  close(): Promise<void>;
}

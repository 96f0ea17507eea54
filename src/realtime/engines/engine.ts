/**
 * What the real-time layer needs of whatever keeps and carries its data: one interface for the memory of a process and
 * for the systems that many processes share.
 *
 * Everything is asynchronous, and positions, revisions and epochs are opaque strings: two are compared for equality, and
 * only the engine that made them knows their order. What is promised stands beside each method, and the contract suite
 * of `openline/testing` (`engineContract`) tests it. A method that cannot do what it promises rejects with an
 * `EngineError`; "unavailable" leaves open whether it has been done, and idempotency keys make it safe to try again.
 *
 * An engine that has lost the connection to its system lets wait what it cannot send, in the order of the calls, for as long as a
 * request may take; what was on its way is sent again where that does the same as once, and is "unavailable" at once where
 * it may not. Nothing is dropped without a rejection, signals neither.
 */

import type { EngineGrant, EngineNeeds } from "./needs.js";

/** A timer that has been set. */
export interface EngineTimer {
  cancel(): void;
}

/** What an engine gets of its surroundings, so that it can be tested in a time that passes when it is told to. */
export interface EngineHost {
  /** Milliseconds since some fixed moment, never going back. */
  now(): number;
  /** Unix time in milliseconds: what ages are counted in that outlast the process. */
  unixMs(): number;
  /** Calls `callback` once after at least `delayMs`. Does not keep a process alive. */
  setTimer(callback: () => void, delayMs: number): EngineTimer;
  /** A random string that nobody can guess and that comes once. */
  randomId(): string;
  /** Tells a human about an error that nobody handles. */
  reportError(error: unknown, during: string): void;
}

/** Something that goes on until it is stopped. */
export interface EngineSubscription {
  /** Nothing comes any more from the moment of the call on. Harmless when called twice. */
  readonly stop: () => void;
}

/** What is told about a message beside its value. */
export interface EntryMeta {
  /** Who published it. */
  readonly user?: string;
  /** When, in Unix milliseconds. */
  readonly timeMs?: number;
  /** With which idempotency key, as the publisher chose it. */
  readonly key?: string;
}

/** A message of a log. */
export interface LogEntry {
  readonly position: string;
  /** The position of the message before it in this log, or the one that an empty log had. */
  readonly previous: string;
  readonly value: unknown;
  readonly meta: EntryMeta;
}

/** How long messages are kept: what passes any of these is gone. */
export interface Retention {
  /** Messages. */
  readonly count: number;
  /** Milliseconds. */
  readonly ageMs: number;
  /** Octets of all values, as the engine counts them. */
  readonly bytes: number;
}

/** A key that makes doing something twice the same as doing it once. */
export interface Idempotency {
  /** Whatever two requests must have in common to be one: the user's, the client's and their own key, joined. */
  readonly key: string;
  /** How long it is remembered at least, in milliseconds. */
  readonly windowMs: number;
}

/** A message to append. */
export interface Append {
  /** Any value that the codecs have. It is copied, and may be changed when the method has returned its promise. */
  readonly value: unknown;
  readonly meta: EntryMeta;
  readonly retain: Retention;
  readonly idempotency?: Idempotency | undefined;
}

/** Where a message stands that was appended. */
export interface Appended {
  readonly epoch: string;
  readonly position: string;
  /** The same key had been used within its window: nothing was appended, and this is where the first one stands. */
  readonly isDuplicate: boolean;
}

/** Where a log begins and ends. */
export interface LogBounds {
  readonly epoch: string;
  /** The position before the oldest message that is kept: reading after it gives all there are. */
  readonly start: string;
  /** The position of the newest message, or `start` where none is kept. */
  readonly end: string;
}

/** Which part of a log: what follows a position, or what stands before one (or the end), the newest of it. */
export type LogRange =
  | { readonly after: string; readonly limit: number; readonly maxBytes?: number }
  | { readonly before?: string | undefined; readonly limit: number; readonly maxBytes?: number };

/** A part of a log. */
export interface LogPage {
  readonly status: "ok";
  readonly epoch: string;
  /** Oldest first; at least one where there is one, however long. */
  readonly entries: readonly LogEntry[];
  /** With `after`: nothing followed the last of them. With `before`: nothing that is kept precedes the first of them. */
  readonly isEnd: boolean;
}

/** Why there is no such part. */
export interface LogHole {
  readonly status: "hole";
  /** "retention": what followed the position is no longer kept. "unknown-position": the log never had it. */
  readonly reason: "retention" | "unknown-position";
  readonly bounds: LogBounds;
}

/** Whoever follows a log. */
export interface LogSink {
  /** The next message. Must not throw. */
  message(entry: LogEntry): void;
  /**
   * The chain is broken: the epoch is another, or messages were lost to retention before the engine had carried them.
   * What comes next follows `end`. Must not throw.
   */
  reset(reason: "epoch" | "retention", bounds: LogBounds): void;
}

/** A log that is being followed. */
export interface LogTail extends EngineSubscription {
  readonly epoch: string;
  /** The position before the first message that the sink gets. */
  readonly position: string;
}

/** Ordered messages, kept for a while. */
export interface LogEngine {
  /**
   * Appends a message. When the promise resolves, it is kept as the retention says, whatever becomes of the process as
   * far as the engine outlasts it, and every tail gets it. Messages of one caller, appended without waiting in between,
   * stand in the order of the calls.
   *
   * @throws ValueError for a value that not every codec has; EngineError "unavailable", "full", "closed"
   */
  append(channel: string, append: Append): Promise<Appended>;
  /**
   * Reads a part. `limit` is from 1; `maxBytes` ends a page early. A page never has a hole in it: each entry's
   * `previous` is the `position` before it, and the first one's is `after`.
   *
   * @throws EngineError "unavailable", "closed"
   */
  read(channel: string, range: LogRange): Promise<LogPage | LogHole>;
  /** Where the log begins and ends now. A log that nobody has appended to has both, too. */
  bounds(channel: string): Promise<LogBounds>;
  /**
   * Follows the log: every message after `position`, in order, each once, from every process. What was appended before
   * the promise resolved may stand on either side of `position`, and is found by reading.
   */
  tail(channel: string, sink: LogSink): Promise<LogTail>;
}

/** A key's value in a state. */
export interface StateEntry {
  readonly key: string;
  readonly value: unknown;
  /** The position of the change that set it. */
  readonly revision: string;
}

/** A change of a state. */
export interface StateChange {
  readonly position: string;
  /** The position of the change that was told before it, of any key. */
  readonly previous: string;
  readonly key: string;
  /** Absent when the key was deleted. */
  readonly entry: StateEntry | undefined;
}

/** Part of a state. */
export interface StatePage {
  readonly epoch: string;
  /** The position of the state when the first page was read. What has changed since may be in later pages or not. */
  readonly position: string;
  readonly entries: readonly StateEntry[];
  /** Give it to read the next page; absent after the last one. */
  readonly cursor: string | undefined;
}

/** What has changed since a position. */
export interface StateDelta {
  readonly epoch: string;
  readonly position: string;
  readonly entries: readonly StateEntry[];
  readonly deleted: readonly string[];
}

/** Whoever follows a state. */
export interface StateSink {
  /** The next change. Must not throw. */
  changed(change: StateChange): void;
  /** As `LogSink.reset`: a snapshot is needed. Must not throw. */
  reset(epoch: string, position: string): void;
}

/** A state that is being followed. */
export interface StateWatch extends EngineSubscription {
  readonly epoch: string;
  /** The position before the first change that the sink gets. */
  readonly position: string;
}

/** Values under keys. */
export interface StateEngine {
  /**
   * Sets a key, if its revision is `expected` (`null`: it has none), or whatever it is when that is undefined.
   *
   * @returns the new revision
   * @throws EngineError "conflict" with `current`; "unavailable", "full", "closed"; ValueError as `append` does
   */
  set(channel: string, key: string, value: unknown, expected: string | null | undefined): Promise<string>;
  /** Deletes a key, as `set`. Deleting what is not there changes nothing, and returns the state's position. */
  delete(channel: string, key: string, expected: string | null | undefined): Promise<string>;
  /**
   * Sets keys and then deletes others, whatever their revisions are: the same as `set` and `delete` for each in turn without
   * waiting in between, at less cost. An engine need not have it.
   *
   * @throws ValueError as `set` does, and nothing is done then; EngineError as `set`, when some may have been done
   */
  setMany?(
    channel: string,
    entries: readonly (readonly [key: string, value: unknown])[],
    deleted: readonly string[],
  ): Promise<void>;
  /**
   * Reads everything, page by page. A key that did not change meanwhile is in exactly one page; one that did is in the
   * pages, or in what has changed since `position`, or in both.
   */
  snapshot(channel: string, options: { cursor?: string | undefined; limit: number }): Promise<StatePage>;
  /** What has changed since a position, each key once; undefined when that is not known any more, or never was. */
  changesSince(channel: string, epoch: string, position: string): Promise<StateDelta | undefined>;
  /**
   * Follows the state: what changes after `position`, in order, each once. A change may be left out where a newer one of
   * the same key follows.
   */
  watch(channel: string, sink: StateSink): Promise<StateWatch>;
}

/** A signal on its way. */
export interface Signal {
  readonly value: unknown;
  readonly user: string | undefined;
}

/** Messages that are not kept: at most once, in the order of each sender. */
export interface SignalEngine {
  /**
   * Tells whoever listens now. The value is copied.
   *
   * @throws ValueError for a value that not every codec has; EngineError "unavailable", "closed"
   */
  send(channel: string, signal: Signal): Promise<void>;
  listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription>;
}

/** What the publisher of a group calls it. */
export interface PublisherGroup {
  /** Who publishes it: the same over all of its connections. */
  readonly publisher: string;
  /** Higher than those of its groups before. */
  readonly number: number;
}

/** A piece of media. */
export interface MediaFrame {
  /** From 1. */
  readonly group: number;
  /** From 0, which is the key frame. */
  readonly index: number;
  readonly data: Uint8Array;
  readonly timeMs: number | undefined;
  /** Of key frames, as it was appended with. */
  readonly from?: PublisherGroup | undefined;
}

/** A piece of media to append. */
export interface NewMediaFrame {
  readonly data: Uint8Array;
  readonly isKey: boolean;
  readonly timeMs?: number | undefined;
  readonly group?: number | undefined;
  readonly from?: PublisherGroup | undefined;
}

/** Where a piece of media stands. */
export interface MediaPlace {
  readonly group: number;
  readonly index: number;
}

/** Media that is being followed. */
export interface MediaTail extends EngineSubscription {
  /** The frames of the newest group so far, from its key frame on; empty where there is no room to keep it. */
  readonly newest: readonly MediaFrame[];
}

/** Groups of octets, each beginning with a key frame, of which the newest is kept. */
export interface MediaEngine {
  /**
   * Appends a frame, and begins a group with it when `isKey`. A frame that is refused changes nothing, but that a group
   * which would have become too long is over: it takes no more frames.
   *
   * @param frame `data` is not copied: do not change it. `group`: without `isKey`, the group that it goes on with; default:
   *   the newest. `from`: with `isKey`, handed on to whoever follows
   * @param groupBytesMax octets of a group, all its `data` together
   * @throws EngineError "no-key-frame"; "conflict" when `group` is not the newest; "too-large"; "full", "unavailable",
   *   "closed"
   */
  append(channel: string, frame: NewMediaFrame, groupBytesMax: number): Promise<MediaPlace>;
  /** Follows the media: `receive` gets every frame that comes after `newest`. */
  tail(channel: string, receive: (frame: MediaFrame) => void): Promise<MediaTail>;
}

/** What came of a call, to be answered again. */
export type CallOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** What one finds who wants to run a call with a key. */
export type CallClaim =
  /** Nobody else has: run it. The claim is lost when it is not renewed within its lease. */
  | {
      readonly status: "claimed";
      /** Prolongs the lease. Resolves to false when the claim was lost. */
      renew(): Promise<boolean>;
      /** Keeps what came of it for the window. Resolves to false when the claim was lost, and nothing is kept. */
      complete(outcome: CallOutcome): Promise<boolean>;
      /** Gives it up: nothing was done. */
      release(): Promise<void>;
    }
  /** It has been run. */
  | { readonly status: "done"; readonly outcome: CallOutcome }
  /** Somebody runs it. Resolves to what comes of it; undefined when the claim was given up or lost: claim again. */
  | { readonly status: "running"; readonly outcome: Promise<CallOutcome | undefined> };

/** Memory of what calls came to. */
export interface CallEngine {
  /** Of all who claim one key at once, one gets it. */
  claim(idempotency: Idempotency, leaseMs: number): Promise<CallClaim>;
}

/** Somebody present. */
export interface Presence {
  readonly user: string;
  /** What they show of themselves. */
  readonly state: unknown;
  /** Connections of theirs, on all nodes together. */
  readonly connections: number;
}

/** Whoever follows who is there. */
export interface PresenceSink {
  /** Somebody came, or changed. */
  came(presence: Presence, count: number): void;
  left(user: string, count: number): void;
}

/** Who is there. */
export interface PresenceList {
  /** All users. */
  readonly count: number;
  /** Them, or as many as asked for. */
  readonly users: readonly Presence[];
}

/**
 * Who is where. Each node tells of its own connections; what a node has told is forgotten as a whole when it has not
 * beaten for the time it named.
 */
export interface PresenceEngine {
  /**
   * The node lives; without another beat, what it told is forgotten after `ttlMs`.
   *
   * @returns whether it was known; when not, it has to tell everything
   */
  beat(node: string, ttlMs: number): Promise<boolean>;
  /** A user has so many connections at this node, and shows this; 0: none any more. The newest `state` of all counts. */
  put(node: string, channel: string, presence: Presence): Promise<void>;
  /** Forgets all that a node has told. */
  dropNode(node: string): Promise<void>;
  list(channel: string, limit: number): Promise<PresenceList>;
  /** Follows who comes, changes and leaves, from the moment that the promise resolves. */
  watch(channel: string, sink: PresenceSink): Promise<EngineSubscription>;
}

/** How an engine is. */
export interface EngineHealth {
  readonly isAvailable: boolean;
  /** Octets that it keeps, as far as it knows. */
  readonly bytes: number | undefined;
  /** Why it is not available. */
  readonly reason: string | undefined;
}

/** See the head of this file. */
export interface Engine {
  /** What it is called in errors and metrics. */
  readonly name: string;
  /**
   * Gets ready: connects, or recovers what was kept. Called once, before anything else.
   *
   * @throws EngineError "unavailable"
   */
  start(host: EngineHost): Promise<void>;
  /**
   * Says whether it can give what a contract wants, and gets ready for it. Called once, after `start` and before anything
   * else. An engine without it gives everything. What others change later is told when it is noticed, as "unavailable" or
   * "full".
   *
   * @returns what it gives where the application left it open; undefined: all that was asked for
   * @throws EngineError "not-guaranteed", with everything that it cannot give; "unavailable", "closed"
   */
  check?(needs: EngineNeeds): Promise<EngineGrant | undefined>;
  health(): EngineHealth;
  readonly logs: LogEngine;
  readonly states: StateEngine;
  readonly signals: SignalEngine;
  readonly media: MediaEngine;
  readonly calls: CallEngine;
  readonly presence: PresenceEngine;
  /** Ends: what was acknowledged is kept, everything else rejects with "closed" from now on. */
  close(): Promise<void>;
}

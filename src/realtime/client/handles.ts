/**
 * Channels as a client's users see them, a type for each kind.
 */
import type { ReceivedOf, SentOf } from "../contract/index.js";
import type { ChannelKind, Gap, PubReply, RevisionReply } from "../wire/index.js";
import type { RequestOptions } from "./client.js";

/** What is wanted of a channel. */
export interface ChannelOptions {
  /** Of a log: what follows this is wanted, where a page left off before. */
  readonly since?: { readonly epoch: string; readonly position: string };
  /** Of a log: how many of the newest messages are wanted first. Default 0: only what is new. */
  readonly last?: number;
  /** Of a state: deltas a second at most, more than 0. Default: as the contract says. */
  readonly maxUpdatesPerSecond?: number;
  /** Whether to hear who else is there. Default false. */
  readonly presence?: boolean;
}

/** A channel of whatever kind: events for any number of `for await` loops and listeners. */
export interface Handle<Event> extends AsyncIterable<Event, undefined> {
  readonly name: string;
  readonly kind: ChannelKind;
  /** The parameters of its name. Empty without a contract. */
  readonly params: Readonly<Record<string, string>>;
  /**
   * "idle": nobody iterates or listens. "subscribed": what comes is complete. "subscribing": on the way there, first or
   * again.
   */
  readonly status: "idle" | "subscribing" | "subscribed";
  /** Who else is there, with the option `presence`. */
  readonly presence: Presence;
  /**
   * Calls `listener` with each event. A listener has no buffer: it is called as events come, in order, and a promise
   * that it returns is not waited for.
   *
   * @param failed is called when the subscription is over for good, with what a loop would throw
   * @returns what stops it
   */
  listen(listener: (event: Event) => unknown, failed?: (error: unknown) => void): () => void;
  /**
   * The events from now on. The first loop or listener subscribes, the last one that leaves unsubscribes. A loop throws the
   * RealtimeError with which the server has ended the subscription for good (`forbidden`, `not-found`), and ends when the
   * client is closed.
   */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined, undefined>;
}

/** What happens in a log. */
export type LogEvent<Message> =
  | {
      readonly type: "message";
      readonly value: Message;
      readonly epoch: string;
      /** Where it is in the log. Opaque; with `epoch`, what the option `since` takes. */
      readonly position: string;
      /** The position of the message before it. */
      readonly previous: string;
      /** Whether it comes out of what was kept, and not just now. */
      readonly recovered: boolean;
      /** Who published it, where that is told. */
      readonly user: string | undefined;
      /** When: Unix time in milliseconds by the server's clock, where that is told. */
      readonly timeMs: number | undefined;
      /** With which idempotency key, where that is told. */
      readonly key: string | undefined;
    }
  | {
      /** What lay between the last event and this position is lost. */
      readonly type: "gap";
      readonly reason: Gap["reason"];
      readonly epoch: string;
      readonly position: string;
      readonly recovered: false;
    }
  | {
      /** Everything that was kept has come; what follows is new. */
      readonly type: "live";
      readonly epoch: string;
      readonly position: string;
      /** Whether everything has come since the last event, or since the position that was asked for. */
      readonly recovered: boolean;
    };

/** A message of a log that was asked for. */
export type HistoryMessage<Message> = Omit<
  Extract<LogEvent<Message>, { readonly type: "message" }>,
  "type" | "recovered"
>;

/** A part of a log's history. */
export interface History<Message> {
  readonly epoch: string;
  /** The oldest first. */
  readonly messages: readonly HistoryMessage<Message>[];
  /** Whether there is nothing more in the direction that was asked for. */
  readonly isEnd: boolean;
}

/** Which messages of a history are wanted: the newest ones, those before a position, or those after one. */
export interface HistoryOptions extends RequestOptions {
  readonly before?: string;
  readonly after?: string;
  /** Messages at most, from 1; the server may have a limit of its own. Default 50. */
  readonly limit?: number;
}

/** What can be said of a message for a log. */
export interface PublishOptions extends RequestOptions {
  /** The key under which it is published once. Default: one of its own. */
  readonly idempotencyKey?: string;
}

/** A log. */
export interface LogHandle<Received = unknown, Sent = Received> extends Handle<LogEvent<Received>> {
  readonly kind: "log";
  /** The position of the last message that came; undefined before the first subscription. */
  readonly position: string | undefined;
  readonly epoch: string | undefined;
  /**
   * Publishes a message. It waits for a connection, and is sent again after a reconnect until the server has it; it is
   * published once. Messages arrive in the order in which they were published here.
   *
   * @returns its position, when the server has it
   * @throws RealtimeError what the server answered: `forbidden`, `invalid-value`, `rate-limited`, …; `outbox-full`,
   *   `too-large`, `client-closed`; the reason of `signal`, after which it may have been published or not
   */
  publish(message: Sent, options?: PublishOptions): Promise<PubReply>;
  /** Messages that are kept, without subscribing. */
  history(options?: HistoryOptions): Promise<History<Received>>;
}

/** What happens in a state. */
export interface StateEvent<Value> {
  readonly type: "change";
  /** The keys that have changed, with their values. For a slow loop: since the last event that it took. */
  readonly set: ReadonlyMap<string, Value>;
  /** The keys that are gone. */
  readonly deleted: ReadonlySet<string>;
  readonly position: string;
}

/** The condition of a change: the revision that the key must have; `null`: there must be no such key. */
export interface SetRequestOptions extends RequestOptions {
  readonly if?: string | null;
}

/** The condition of a deletion: the revision that the key must have. */
export interface DeleteRequestOptions extends RequestOptions {
  readonly if?: string;
}

/** A state: a map that follows the server's, while somebody iterates or listens. */
export interface StateHandle<Received = unknown, Sent = Received> extends Handle<StateEvent<Received>> {
  readonly kind: "state";
  /** The values, as far as they have come. It is one map, which changes. */
  readonly values: ReadonlyMap<string, Received>;
  /** The position of what `values` are; undefined before the first snapshot is whole. */
  readonly position: string | undefined;
  /** The revision of a key, for `if`. */
  revision(key: string): string | undefined;
  /**
   * Sets a key.
   *
   * @param options `if`: only where the key has that revision
   * @throws RealtimeError `conflict`, with the entry as `data`; what the server answered; `connection-lost`, after which it
   *   may have been set or not
   */
  set(key: string, value: Sent, options?: SetRequestOptions): Promise<RevisionReply>;
  /** Deletes a key. Throws as `set`. */
  delete(key: string, options?: DeleteRequestOptions): Promise<RevisionReply>;
}

/** What happens in a channel of signals. */
export type SignalEvent<Message> =
  | { readonly type: "message"; readonly value: Message; readonly user: string | undefined }
  | {
      /** So many were dropped, by the server or because the loop is slow. */
      readonly type: "lost";
      readonly count: number;
    };

/** Signals. */
export interface SignalHandle<Received = unknown, Sent = Received> extends Handle<SignalEvent<Received>> {
  readonly kind: "signal";
  /**
   * Sends one, if there is a connection with room; nobody answers.
   *
   * @returns whether it was sent
   */
  send(message: Sent): boolean;
  /**
   * Sends one, and waits until the server has it.
   *
   * @throws RealtimeError what the server answered; `connection-lost`
   */
  sendConfirmed(message: Sent, options?: RequestOptions): Promise<void>;
}

/** What happens in a channel of media. */
export type MediaEvent =
  | {
      readonly type: "frame";
      readonly data: Uint8Array;
      /** Which group, counted up. */
      readonly group: number;
      /** Which frame of the group; 0 is the key frame. */
      readonly index: number;
      readonly timeMs: number | undefined;
    }
  | {
      /** So many frames were dropped, by the server or because the loop is slow. A key frame follows. */
      readonly type: "lost";
      readonly count: number;
    };

/** A frame of media to publish. */
export interface MediaFrameToSend {
  /** Not copied before it is sent. */
  readonly data: Uint8Array;
  /** Whether it begins a group. */
  readonly isKey: boolean;
  readonly timeMs?: number;
}

/** Media. */
export interface MediaHandle extends Handle<MediaEvent> {
  readonly kind: "media";
  /** Whether only a key frame can be sent now: the first of all, after a reconnect, after one that was dropped or refused. */
  readonly needsKey: boolean;
  /** Frames that `send` has dropped. */
  readonly dropped: number;
  /**
   * Publishes a frame. Where there is no connection, or none with room, it is dropped, and so are the others until a key frame
   * finds room.
   *
   * @returns "sent" when the server has it, "dropped" when it was not sent
   * @throws RealtimeError what the server answered: `forbidden`, `too-large`, `conflict` when somebody else has begun a group
   *   or a frame before it was refused; `connection-lost`, after which the server may have it or not
   */
  send(frame: MediaFrameToSend): Promise<"sent" | "dropped">;
}

/** A user who is there. */
export interface PresentUser {
  /** What it shows of itself. */
  readonly state: unknown;
  /** By how many connections it is there. */
  readonly connections: number;
}

/** What has changed of who is there. */
export interface PresenceEvent {
  readonly type: "presence";
  /** Users that have come, or show something else. For a slow loop: since the last event that it took. */
  readonly came: ReadonlyMap<string, PresentUser>;
  /** Users that are gone. */
  readonly left: ReadonlySet<string>;
  readonly count: number;
}

/** Who is in a channel, with the option `presence` and while somebody iterates or listens. */
export interface Presence extends AsyncIterable<PresenceEvent, undefined> {
  /** The users that are known. It is one map, which changes. */
  readonly users: ReadonlyMap<string, PresentUser>;
  /** Users in all. */
  readonly count: number;
  /** Whether `users` are only some of them, as in large rooms. */
  readonly isSample: boolean;
  /**
   * Sets what one shows of oneself, `null` for nothing. It holds over reconnects, until it is set anew or nobody iterates or
   * listens any more. Resolves when the server has it, or when something else is shown.
   *
   * @throws RealtimeError what the server answered; `cancelled` when nobody iterates or listens any more
   */
  show(state: unknown): Promise<void>;
  /** As `listen` of the channel. */
  listen(listener: (event: PresenceEvent) => unknown): () => void;
}

/** The handle of a kind without a contract. */
export type HandleOfKind<Kind extends ChannelKind> = {
  readonly log: LogHandle;
  readonly state: StateHandle;
  readonly signal: SignalHandle;
  readonly media: MediaHandle;
}[Kind];

/** The handle of a channel that a contract has declared. */
export type HandleOf<Channel> = Channel extends { readonly kind: "log" }
  ? LogHandle<ReceivedOf<Channel>, SentOf<Channel>>
  : Channel extends { readonly kind: "state" }
    ? StateHandle<ReceivedOf<Channel>, SentOf<Channel>>
    : Channel extends { readonly kind: "signal" }
      ? SignalHandle<ReceivedOf<Channel>, SentOf<Channel>>
      : Channel extends { readonly kind: "media" }
        ? MediaHandle
        : never;

/** Any of them. */
export type AnyHandle = LogHandle | StateHandle | SignalHandle | MediaHandle;

/**
 * All frames of the protocol as types: arrays whose first element is the operation (docs/protocol.md).
 *
 * What stands in them has been checked when it comes from `readMessage`; values of the application are unknown.
 */

/** An error as it travels. */
export interface ErrorBody {
  /** One of `errorCodes`, or a code of the application's own. */
  readonly code: string;
  /** For humans who look for the reason. */
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds before which trying again makes no sense. */
  readonly retryAfterMs?: number | undefined;
  /** What else there is to know. */
  readonly data?: unknown;
}

/** What guarantee a channel has. */
export type ChannelKind = "log" | "state" | "signal" | "media";

/** A position with the epoch in which it means something. */
export type Since = readonly [epoch: string, position: string];

/** What is known of a message of a log beside its value, as far as the contract says that it is told. */
export interface MessageMeta {
  /** Who published it. */
  readonly user?: string;
  /** When: Unix time in milliseconds, by the server's clock. */
  readonly timeMs?: number;
  /** With which idempotency key. */
  readonly key?: string;
}

// An element that may be left out at the end may be `undefined` as well, and so may a member of options: no codec writes
// it.

/** A message of a log in an answer to `hist`. */
export type HistoryEntry = readonly [
  position: string,
  previous: string,
  value: unknown,
  meta?: MessageMeta | null | undefined,
];

/** A key of a state with its value, and the position at which it changed last. */
export type StateEntry = readonly [key: string, value: unknown, revision: string];

/** A user in a channel: what it shows of itself, and by how many connections it is there. */
export type PresenceEntry = readonly [user: string, state: unknown, connections: number];

// Both ways

/** The answer to request `r`: done. */
export type OkFrame = readonly ["ok", r: number, value?: unknown];
/** The answer to request `r`: not done. */
export type ErrFrame = readonly ["err", r: number, error: ErrorBody];
/** One more value of a stream of results. */
export type ItemFrame = readonly ["item", r: number, value: unknown];
/** Answered with the server's time. */
export type PingFrame = readonly ["ping", r: number];
/** A call. */
export type CallFrame = readonly ["call", r: number, name: string, input: unknown, options?: CallOptions | undefined];
/** So many more items may be sent for the call with number `r`. */
export type CreditFrame = readonly ["credit", r: number, count: number];
/** The call with number `r` is not wanted any more. */
export type CancelFrame = readonly ["cancel", r: number];

/** What is said with a call. */
export interface CallOptions {
  /** The idempotency key: the call runs once. */
  readonly key?: string | undefined;
  /** Milliseconds after which nobody waits for the answer any more. */
  readonly timeoutMs?: number | undefined;
  /** Items that may be unanswered. */
  readonly credit?: number | undefined;
}

// From clients

/** A client's first frame. */
export type HelloFrame = readonly ["hello", options: Hello];
/** Authenticates anew. */
export type TokenFrame = readonly ["token", r: number, token: unknown];
/** Subscribes. */
export type SubFrame = readonly ["sub", r: number, name: string, options?: SubOptions | undefined];
/** Ends a subscription. */
export type UnsubFrame = readonly ["unsub", r: number, n: number];
/** Asks for the next page. */
export type MoreFrame = readonly ["more", n: number];
/** Asks for messages of a log without subscribing. */
export type HistFrame = readonly ["hist", r: number, name: string, range: HistoryRange];
/** Publishes to a log. */
export type PubFrame = readonly [
  "pub",
  r: number,
  channel: string | number,
  value: unknown,
  options?: PubOptions | undefined,
];
/** Sets a key of a state. */
export type SetFrame = readonly [
  "set",
  r: number,
  channel: string | number,
  key: string,
  value: unknown,
  options?: SetOptions | undefined,
];
/** Deletes a key of a state. */
export type DelFrame = readonly [
  "del",
  r: number,
  channel: string | number,
  key: string,
  options?: DelOptions | undefined,
];
/** Sends a signal. With `r` 0 no answer is wanted. */
export type SigFrame = readonly ["sig", r: number, channel: string | number, value: unknown];
/** Publishes a frame of media; `group` and `index` are the publisher's own. */
export type PubgFrame = readonly [
  "pubg",
  r: number,
  channel: string | number,
  group: number,
  index: number,
  data: Uint8Array,
  timeMs?: number | undefined,
];
/** Sets what one shows of oneself; `null` for nothing. */
export type PresFrame = readonly ["pres", r: number, n: number, state: unknown];

/** Who comes. */
export interface Hello {
  /** For the application's `authenticate`. */
  readonly token?: unknown;
  /** A random string that stays the same over all connections of one client. */
  readonly client?: string | undefined;
}

/** What is wanted of a channel. */
export interface SubOptions {
  /** What follows it is wanted. */
  readonly since?: Since | undefined;
  /** Of a log: how many of the newest messages are wanted first. */
  readonly last?: number | undefined;
  /** Of a state: deltas a second at most. */
  readonly rate?: number | undefined;
  /** Whether presence is wanted, too. */
  readonly presence?: boolean | undefined;
}

/** Which messages of a log are wanted: those before a position, or after one, or the newest. */
export interface HistoryRange {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** Messages at most, from 1. */
  readonly limit: number;
}

/** What is said with a message for a log. */
export interface PubOptions {
  /** The idempotency key. */
  readonly key?: string | undefined;
}

/** The condition for setting a key: its revision, `null` for none. */
export interface SetOptions {
  readonly if?: string | null | undefined;
}

/** The condition for deleting a key: its revision. */
export interface DelOptions {
  readonly if?: string | undefined;
}

/** Any frame that a client sends. */
export type ClientFrame =
  | OkFrame
  | ErrFrame
  | ItemFrame
  | PingFrame
  | CallFrame
  | CreditFrame
  | CancelFrame
  | HelloFrame
  | TokenFrame
  | SubFrame
  | UnsubFrame
  | MoreFrame
  | HistFrame
  | PubFrame
  | SetFrame
  | DelFrame
  | SigFrame
  | PubgFrame
  | PresFrame;

// From servers

/** The answer to `hello`. */
export type WelcomeFrame = readonly ["welcome", session: Welcome];
/** The authentication runs out. */
export type ExpiringFrame = readonly ["expiring", expiry: Expiry];
/** The connection will be ended. */
export type GoawayFrame = readonly ["goaway", leave: Goaway];
/** A subscription is over. */
export type ClosedFrame = readonly ["closed", n: number, error: ErrorBody];
/** A message of a log. */
export type MessageFrame = readonly [
  "m",
  n: number,
  position: string,
  previous: string,
  value: unknown,
  meta?: MessageMeta | undefined,
];
/** The end of a page. */
export type PageFrame = readonly ["page", n: number, position: string, isLast: boolean];
/** Something is lost. */
export type GapFrame = readonly ["gap", n: number, gap: Gap];
/** A part of a snapshot of a state. */
export type SnapFrame = readonly ["snap", n: number, position: string, entries: readonly StateEntry[], isLast: boolean];
/** A delta of a state. */
export type DeltaFrame = readonly [
  "d",
  n: number,
  position: string,
  previous: string,
  entries: readonly StateEntry[],
  deleted?: readonly string[] | undefined,
];
/** A signal. */
export type SignalFrame = readonly ["s", n: number, value: unknown, user?: string | undefined];
/** So many were dropped. */
export type LostFrame = readonly ["lost", n: number, count: number];
/** A frame of a group of media. */
export type GroupFrame = readonly [
  "g",
  n: number,
  group: number,
  index: number,
  data: Uint8Array,
  timeMs?: number | undefined,
];
/** All that there is to know of who is in a channel. */
export type WhoFrame = readonly ["who", n: number, presence: Who];
/** Users that are there now, or have changed. */
export type CameFrame = readonly ["came", n: number, users: readonly PresenceEntry[], count: number];
/** Users that are gone. */
export type LeftFrame = readonly ["left", n: number, users: readonly string[], count: number];

/** When the authentication runs out. */
export interface Expiry {
  readonly inMs: number;
}

/** When the server ends the connection, and with which close code. */
export interface Goaway {
  readonly afterMs: number;
  readonly code?: number;
}

/** What a session is. */
export interface Welcome {
  readonly session: string;
  readonly user: string | null;
  /** The server's clock: Unix time in milliseconds, with fractions. */
  readonly timeMs: number;
  /** Milliseconds of silence after which a client should ping. */
  readonly pingMs: number;
  /** Octets of a message that the server takes. */
  readonly maxMessageBytes: number;
}

/** Why something is lost, and where it goes on. */
export interface Gap extends GapReason {
  readonly epoch: string;
  readonly position: string;
}

/** Why something is lost. */
export interface GapReason {
  readonly reason: "retention" | "epoch" | "unknown-position";
}

/** All that there is to know of who is in a channel. */
export interface Who {
  /** Users in all. */
  readonly count: number;
  /** Whether `users` are only some of them. */
  readonly isSample: boolean;
  readonly users: readonly PresenceEntry[];
}

/** Any frame that a server sends. */
export type ServerFrame =
  | OkFrame
  | ErrFrame
  | ItemFrame
  | PingFrame
  | CallFrame
  | CreditFrame
  | CancelFrame
  | WelcomeFrame
  | ExpiringFrame
  | GoawayFrame
  | ClosedFrame
  | MessageFrame
  | PageFrame
  | GapFrame
  | SnapFrame
  | DeltaFrame
  | SignalFrame
  | LostFrame
  | GroupFrame
  | WhoFrame
  | CameFrame
  | LeftFrame;

/** Any frame. */
export type Frame = ClientFrame | ServerFrame;

// What `ok` carries

/** The answer to `sub`. */
export interface SubReply {
  /** The channel's number. */
  readonly n: number;
  readonly kind: ChannelKind;
  readonly epoch?: string;
  /** The position before the first message that will come. */
  readonly position?: string;
  /** Whether everything since `since` will be delivered. */
  readonly recovered?: boolean;
}

/** The answer to `hist`. */
export interface HistoryReply {
  readonly epoch: string;
  /** The oldest first. */
  readonly messages: readonly HistoryEntry[];
  /** Whether there is nothing more in the direction that was asked for. */
  readonly isEnd: boolean;
}

/** The answer to `pub`. */
export interface PubReply {
  readonly position: string;
  /** That it had been published before, under the same key. */
  readonly isDuplicate?: boolean;
}

/** The answer to `pubg`: where the frame stands in the channel. */
export interface PubgReply {
  readonly group: number;
  readonly index: number;
}

/** The answer to `set` and `del`. */
export interface RevisionReply {
  readonly revision: string;
}

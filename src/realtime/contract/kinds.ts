/**
 * The kinds of channels, and what is declared of each. The kind is the guarantee.
 */
import type { Schema } from "./schema.js";

/** How long messages of a log are kept: until one of both says no. */
export interface Retention {
  /** Messages, the newest ones, at most. */
  readonly count?: number;
  /** Milliseconds after which a message is not kept any more. */
  readonly ageMs?: number;
}

/** What subscribers are told about a message of a log, beside its value. */
export interface Told {
  /** Who published it. Default true. */
  readonly user?: boolean;
  /** When. Default true. */
  readonly time?: boolean;
  /** With which idempotency key, by which a client knows its own message again. Default true. */
  readonly key?: boolean;
}

/** A log, see `log`. */
export interface LogChannel<Message extends Schema | undefined = Schema | undefined> {
  readonly kind: "log";
  readonly message: Message;
  readonly retain: Retention;
  readonly durable: boolean;
  readonly tell: Told;
}

/** A state, see `state`. */
export interface StateChannel<Value extends Schema | undefined = Schema | undefined> {
  readonly kind: "state";
  readonly value: Value;
  readonly durable: boolean;
  readonly maxUpdatesPerSecond: number | undefined;
}

/** A signal, see `signal`. */
export interface SignalChannel<Message extends Schema | undefined = Schema | undefined> {
  readonly kind: "signal";
  readonly message: Message;
}

/** Media, see `media`. */
export interface MediaChannel {
  readonly kind: "media";
  readonly groupBytesMax: number;
}

/** A channel of whatever kind. */
export type AnyChannel = LogChannel | StateChannel | SignalChannel | MediaChannel;

/** What is kept of a log where nothing is said: enough for a reconnect, and for what a page shows first. */
export const defaultRetention: Required<Retention> = {
  count: 100,
  ageMs: 600_000,
};

/** The octets of a group where nothing is said: some seconds of video. */
export const defaultGroupBytesMax: number = 4_000_000;

/**
 * A log: messages in order, each delivered at least once while it is kept, and handled once. What is lost beyond that is
 * told as a gap.
 *
 * @param options `message`: the schema of its messages, none: anything. `retain`: default 100 messages, ten minutes; a
 *   part that is not given has no bound. `tell`: what subscribers are told of a message beside its value. `durable`:
 *   what was acknowledged outlasts a restart of whatever keeps it, and an engine that cannot give that is refused at the
 *   start; default false: it depends on the engine
 * @throws RangeError for a number that is out of its range
 */
export function log<Message extends Schema | undefined = undefined>(
  options: {
    readonly message?: Message;
    readonly retain?: Retention;
    readonly durable?: boolean;
    readonly tell?: Told;
  } = {},
): LogChannel<Message> {
  const { message, retain = defaultRetention, durable = false, tell = {} } = options;
  checkBound("retain.count", retain.count, 0);
  checkBound("retain.ageMs", retain.ageMs, 0);
  return { kind: "log", message: message as Message, retain, durable, tell };
}

/**
 * A state: values under keys. Every subscriber converges on the newest value of every key; what lies between may be left
 * out for who is slow.
 *
 * @param options `value`: the schema of its values, none: anything. `maxUpdatesPerSecond`: deltas a second that a
 *   subscriber gets at most, more than 0; default: as many as there are. `durable`: as for `log`
 * @throws RangeError for a number that is out of its range
 */
export function state<Value extends Schema | undefined = undefined>(
  options: { readonly value?: Value; readonly maxUpdatesPerSecond?: number; readonly durable?: boolean } = {},
): StateChannel<Value> {
  const { value, maxUpdatesPerSecond, durable = false } = options;
  checkBound("maxUpdatesPerSecond", maxUpdatesPerSecond, Number.MIN_VALUE);
  return { kind: "state", value: value as Value, durable, maxUpdatesPerSecond };
}

/**
 * A signal: at most once, for what the next one replaces anyway: a cursor, "is typing".
 *
 * @param options `message`: the schema of its messages, none: anything
 */
export function signal<Message extends Schema | undefined = undefined>(
  options: { readonly message?: Message } = {},
): SignalChannel<Message> {
  return { kind: "signal", message: options.message as Message };
}

/**
 * Media: groups of octets that begin with a key frame. Who is slow goes on with the next key frame.
 *
 * @param options `groupBytesMax`: octets of a group, all its frames together; the newest group is kept for who comes.
 *   A frame that would make it longer is refused (`too-large`), and the rest of the group with it. Default 4,000,000
 * @throws RangeError for a number that is out of its range
 */
export function media(options: { readonly groupBytesMax?: number } = {}): MediaChannel {
  const { groupBytesMax = defaultGroupBytesMax } = options;
  checkBound("groupBytesMax", groupBytesMax, 1);
  return { kind: "media", groupBytesMax };
}

function checkBound(option: string, value: number | undefined, min: number): void {
  if (value === undefined || (typeof value === "number" && value >= min)) return;
  throw new RangeError(
    `${option} must be ${min < 1 && min > 0 ? "more than 0" : `${String(min)} or more`}: got ${String(value)}`,
  );
}

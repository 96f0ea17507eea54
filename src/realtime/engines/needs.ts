/**
 * What a contract wants of an engine, asked once before anything is promised; and how an engine says what it cannot give.
 */
import { EngineError } from "./errors.js";

/** A number that an engine is asked for. */
export interface Wish {
  readonly value: number;
  /** The application has said it. Otherwise it is a default, of which an engine may grant less. */
  readonly isChosen: boolean;
}

/** What the channels of one pattern want. */
export type ChannelNeeds =
  | {
      readonly kind: "log";
      readonly pattern: string;
      /** What was acknowledged outlasts a restart of whatever keeps it. */
      readonly isDurable: boolean;
      /** Messages; `Number.MAX_SAFE_INTEGER`: without a bound, as for `ageMs`. */
      readonly count: number;
      /** Milliseconds. */
      readonly ageMs: number;
    }
  | { readonly kind: "state"; readonly pattern: string; readonly isDurable: boolean }
  | { readonly kind: "signal"; readonly pattern: string }
  | { readonly kind: "media"; readonly pattern: string; readonly groupBytesMax: number };

/** What a contract wants, and the limits beside it. */
export interface EngineNeeds {
  readonly channels: readonly ChannelNeeds[];
  /** Octets of one message of a client, and so of a value in it. */
  readonly maxMessageBytes: Wish;
  /** Octets of what a user shows of itself. */
  readonly maxPresenceBytes: Wish;
  /** Octets of values that each log keeps, where count and age let it. */
  readonly maxLogBytes: Wish;
  /** Milliseconds for which keys of publishing are remembered. */
  readonly publishWindowMs: number;
  /** Milliseconds for which it is remembered what calls came to, and who runs them; undefined where there are no calls. */
  readonly callWindowMs: number | undefined;
}

/** What an engine gives, where the application left it open. */
export interface EngineGrant {
  /** Octets of one message of a client. */
  readonly maxMessageBytes: number;
}

/** Something that a contract wants and does not get. */
export interface Unmet {
  /** The pattern or patterns, or the limit. */
  readonly of: string;
  /** As it goes on behind "wants". */
  readonly wants: string;
  /** What there is in its place. */
  readonly gives: string;
  /** What can be done about it. */
  readonly change: string;
}

/** @throws EngineError "not-guaranteed" that names all of them, where there are any */
export function refuseUnmet(engine: string, unmet: readonly Unmet[]): void {
  if (unmet.length === 0) return;
  const lines = unmet.map(({ of, wants, gives, change }) => `- ${of} wants ${wants}, but ${gives}: ${change}`);
  throw new EngineError("not-guaranteed", [`${engine} cannot give what the contract wants:`, ...lines].join("\n"));
}

/** The patterns of channels, as they stand in a message. */
export function patternsOf(channels: readonly ChannelNeeds[]): string {
  return channels.map(({ pattern }) => JSON.stringify(pattern)).join(", ");
}

/** The logs and states that have to outlast a restart. */
export function durableChannels({ channels }: EngineNeeds): readonly ChannelNeeds[] {
  return channels.filter((channel) => (channel.kind === "log" || channel.kind === "state") && channel.isDurable);
}

/** What one value may take where it is kept or carried. */
export interface ValueRoom {
  readonly maxBytes: number;
  /** What sets it. */
  readonly gives: string;
  readonly change: string;
}

/** Values that applications have chosen longer than an engine takes them. */
export function unmetSizes(
  { maxMessageBytes, maxPresenceBytes }: EngineNeeds,
  { maxBytes, gives, change }: ValueRoom,
): readonly Unmet[] {
  return Object.entries({ maxMessageBytes, maxPresenceBytes })
    .filter(([, { value, isChosen }]) => isChosen && value > maxBytes)
    .map(([name, { value }]) => ({ of: `limits.${name}`, wants: `${value} octets`, gives, change }));
}

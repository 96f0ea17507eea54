/**
 * The contract: which channels and calls there are, declared once for both ends.
 */
import type { Call } from "./calls.js";
import type { AnyChannel } from "./kinds.js";
import { type Match, Patterns } from "./pattern.js";

/** Channels by the patterns of their names. */
export type Channels = Readonly<Record<string, AnyChannel>>;

/** Calls by their names. */
export type Calls = Readonly<Record<string, Call>>;

/** What is declared. */
export interface ContractDefinition {
  /** By the patterns of their names: "room/{id}". A parameter stands for a whole segment. */
  readonly channels?: Channels;
  /** What clients call and the server handles, by name. */
  readonly calls?: Calls;
  /** What the server calls and clients handle, by name. */
  readonly clientCalls?: Calls;
}

/** A contract, see `contract`. */
export interface Contract<Definition extends ContractDefinition = ContractDefinition> {
  /** As it was declared. */
  readonly definition: Definition;
  /** The channel of a name, and the values of the pattern's parameters; undefined where there is none. */
  channelOf(name: string): Match<AnyChannel> | undefined;
  /** What clients call, by its name. */
  callOf(name: string): Call | undefined;
  /** What the server calls, by its name. */
  clientCallOf(name: string): Call | undefined;
}

/**
 * Declares what both ends speak of. Types are inferred from it at both ends, and values from clients are checked with its
 * schemas on the server.
 *
 * ```ts
 * export const api = contract({
 *   channels: { "room/{id}": log({ message: ChatMessage }) },
 *   calls: { order: call({ input: Order, output: Receipt, idempotent: true }) },
 * });
 * ```
 *
 * Where a name matches several patterns, the one with a text where others have a parameter is taken, from the left.
 *
 * @throws TypeError for a pattern that is none, or two that match the same names
 */
export function contract<const Definition extends ContractDefinition>(definition: Definition): Contract<Definition> {
  const patterns = new Patterns<AnyChannel>(definition.channels ?? {});
  return {
    definition,
    channelOf: (name) => patterns.match(name),
    callOf: (name) => own(definition.calls, name),
    clientCallOf: (name) => own(definition.clientCalls, name),
  };
}

/** Names come from the peer: `toString` is none. */
function own(calls: Calls | undefined, name: string): Call | undefined {
  return calls !== undefined && Object.hasOwn(calls, name) ? calls[name] : undefined;
}

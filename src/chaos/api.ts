/**
 * What clients and nodes of a run have in common: its contract.
 */
import {
  type Call,
  type Contract,
  call,
  contract,
  type LogChannel,
  log,
  type MediaChannel,
  media,
  type Schema,
  type SignalChannel,
  type StateChannel,
  signal,
  state,
  unchecked,
} from "../realtime/index.js";

/** A message of a log. */
export interface Post {
  readonly id: string;
  /** When it was published, in Unix milliseconds. */
  readonly at: number;
}

/** What is asked for with a call. */
export interface CallInput {
  readonly id: string;
  readonly takesMs: number;
}

/** What is declared. */
export interface ChaosDefinition {
  readonly channels: {
    readonly "room/{id}": LogChannel<Schema<Post>>;
    readonly "board/{id}": StateChannel<Schema<string>>;
    readonly "hall/{id}": SignalChannel<Schema<string>>;
    readonly "scene/{id}": MediaChannel;
  };
  readonly calls: {
    /** Idempotent; answers with the name of its run. */
    readonly order: Call<Schema<CallInput>, Schema<string>, undefined>;
    readonly ask: Call<Schema<CallInput>, Schema<string>, undefined>;
  };
}

// More than any run has: what is missing has been lost, and is not past.
const retain = { count: 10_000_000, ageMs: 86_400_000 };

/** See the head of this file. */
export const chaosApi: Contract<ChaosDefinition> = contract({
  channels: {
    "room/{id}": log({ message: unchecked<Post>(), retain }),
    "board/{id}": state({ value: unchecked<string>() }),
    "hall/{id}": signal({ message: unchecked<string>() }),
    "scene/{id}": media(),
  },
  calls: {
    order: call({ input: unchecked<CallInput>(), output: unchecked<string>(), idempotent: true }),
    ask: call({ input: unchecked<CallInput>(), output: unchecked<string>() }),
  },
});

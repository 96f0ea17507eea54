/**
 * The client as its users see it.
 */
import type {
  CallInput,
  CallOutput,
  CallsOf,
  ChannelName,
  ChannelOf,
  ChannelsOf,
  ClientCallsOf,
  ContractDefinition,
  HandlerInput,
  HandlerOutput,
  IsStreamed,
} from "../contract/index.js";
import type { ChannelKind } from "../wire/index.js";
import type { ConnectionEnd } from "./connection.js";
import type { ChannelOptions, HandleOf, HandleOfKind } from "./handles.js";

/** Why there is no connection. */
export type ConnectionLoss =
  | {
      readonly kind: "attempt-failed";
      /** What the attempt ended with, or what one of your functions threw. */
      readonly error: unknown;
    }
  | {
      readonly kind: "connection-lost";
      /** How it ended. */
      readonly report: ConnectionEnd;
    };

/** Why a client is over for good. */
export interface ClientEnd {
  /**
   * "closed": `close` was called. "aborted": by the option `signal`. "refused": what happened last would happen again: the
   * server does not want this client, or does not speak this protocol. "too-many-attempts": `reconnect.maxAttempts` of
   * them have failed.
   */
  readonly why: "closed" | "aborted" | "refused" | "too-many-attempts";
  /** What happened last, where anything did. */
  readonly loss: ConnectionLoss | undefined;
}

/** Where a client is in its life. */
export type ClientState =
  | {
      readonly name: "connecting";
      /** Which attempt this is, from 1, since a connection was stable. */
      readonly attempt: number;
    }
  | {
      readonly name: "open";
      /** What the server calls this session, for its logs. */
      readonly session: string;
      /** Who the server says that this is; null: nobody in particular. */
      readonly user: string | null;
    }
  | {
      readonly name: "waiting";
      /** Which attempt follows. */
      readonly attempt: number;
      /** Milliseconds until then, unless something wakes it. */
      readonly delayMs: number;
      /** Why there is no connection. */
      readonly loss: ConnectionLoss;
    }
  | { readonly name: "closed"; readonly end: ClientEnd };

/** What can be said of a request. */
export interface RequestOptions {
  /** Milliseconds until it fails with `timeout`. Default: see `ClientOptions.timeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives it up: it rejects with the signal's reason, and a call is cancelled. */
  readonly signal?: AbortSignal;
}

/** What can be said of a call. */
export interface CallRequestOptions extends RequestOptions {
  /**
   * The key under which it runs once. Default: one of its own where the contract says that the call is idempotent, none
   * otherwise. A call with a key is sent again after a reconnect until it is answered.
   */
  readonly idempotencyKey?: string;
}

/** What can be said of a call with a stream of results. */
export interface StreamRequestOptions {
  /** Gives it up: the loop throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Results that may be on their way or wait for the loop, from 1. Default 32. */
  readonly credit?: number;
}

/** What the handler of a call learns beside the input. */
export interface HandlingContext {
  /** Is aborted when the server does not want the answer any more, or the connection is lost. */
  readonly signal: AbortSignal;
}

/** A stream of results is given as one. */
type Handled<Value, HasStream> = HasStream extends true ? AsyncIterable<Value> : Value | Promise<Value>;

/** The names of the calls that have a stream of results, or of those that have not. */
type Named<Calls, HasStream extends boolean> = {
  [Name in keyof Calls & string]: IsStreamed<Calls[Name]> extends HasStream ? Name : never;
}[keyof Calls & string];

/** What clients with and without a contract have in common. */
export interface BaseClient extends AsyncDisposable {
  /** Where it is in its life. */
  readonly state: ClientState;
  /** Resolves when it is over for good, to why. Never rejects. */
  readonly closed: Promise<ClientEnd>;
  /** What the connection goes over: a WebSocket, or server-sent events and requests. Undefined while there is none. */
  readonly transport: "websocket" | "events" | undefined;
  /** Requests that are unanswered, those that wait for a connection included. */
  readonly pendingRequests: number;
  /** The estimate of the round trip to the server in milliseconds; undefined before the first connection. */
  readonly roundTripMs: number | undefined;
  /**
   * The server's clock: Unix time in milliseconds, as well as it can be known from here. Undefined before the first
   * connection.
   */
  serverTimeMs(): number | undefined;
  /**
   * The states, the present one first. Conflated: whoever is slow gets the latest one. Ends after "closed". Any number of
   * loops may run.
   */
  states(): AsyncIterableIterator<ClientState>;
  /** Ends a wait: the next attempt begins now. Does nothing in any other state. */
  reconnectNow(): void;
  /**
   * Authenticates anew with a fresh token, without a new connection. The server asks for it by itself when one runs out.
   *
   * @throws RealtimeError `forbidden` when it is another user's, `unauthenticated`
   */
  refreshToken(): Promise<void>;
  /**
   * Ends it for good: subscriptions end, requests that are unanswered fail with `client-closed`.
   *
   * @returns `closed`
   */
  close(): Promise<ClientEnd>;
}

/** A client with a contract. */
export interface Client<Definition extends ContractDefinition> extends BaseClient {
  /**
   * A channel, by its name. It is the same one each time. Nothing is subscribed before somebody iterates or listens.
   *
   * @param options what is wanted of the channel; they hold from when it is subscribed next
   * @throws RealtimeError `not-found` for a name that the contract does not have
   */
  channel<Name extends ChannelName<ChannelsOf<Definition>>>(
    name: Name,
    options?: ChannelOptions,
  ): HandleOf<ChannelOf<ChannelsOf<Definition>, Name>>;
  /**
   * Calls the server, and waits for the answer. It waits for a connection, too.
   *
   * @throws RealtimeError what the server answered; `timeout`; `connection-lost` when it was under way and is not
   *   idempotent: it may have run; the reason of `signal`
   */
  call<Name extends Named<CallsOf<Definition>, false>>(
    name: Name,
    input: CallInput<CallsOf<Definition>[Name]>,
    options?: CallRequestOptions,
  ): Promise<CallOutput<CallsOf<Definition>[Name]>>;
  /**
   * Calls the server, and gives its results one by one, no faster than they are taken. It begins with the loop; leaving the
   * loop cancels it. The loop throws what `call` does.
   */
  stream<Name extends Named<CallsOf<Definition>, true>>(
    name: Name,
    input: CallInput<CallsOf<Definition>[Name]>,
    options?: StreamRequestOptions,
  ): AsyncIterableIterator<CallOutput<CallsOf<Definition>[Name]>, undefined>;
  /**
   * Handles what the server calls. What the handler throws is the answer: a RealtimeError as it is, anything else as
   * `internal`, and the option `error` is told.
   *
   * @returns what stops it
   * @throws TypeError where there is a handler already
   */
  handle<Name extends keyof ClientCallsOf<Definition> & string>(
    name: Name,
    handler: (
      input: HandlerInput<ClientCallsOf<Definition>[Name]>,
      context: HandlingContext,
    ) => Handled<HandlerOutput<ClientCallsOf<Definition>[Name]>, IsStreamed<ClientCallsOf<Definition>[Name]>>,
  ): () => void;
}

/** A client without a contract: channels of whatever JSON there is, and calls by name. See `Client`. */
export interface UntypedClient extends BaseClient {
  /**
   * A channel, by its name: a log where nothing else is said.
   *
   * @throws RealtimeError `wrong-kind` where the same name was asked for as another kind
   */
  channel(name: string, options?: ChannelOptions): HandleOfKind<"log">;
  channel<Kind extends ChannelKind>(
    name: string,
    options: ChannelOptions & { readonly kind: Kind },
  ): HandleOfKind<Kind>;
  call(name: string, input?: unknown, options?: CallRequestOptions): Promise<unknown>;
  stream(name: string, input?: unknown, options?: StreamRequestOptions): AsyncIterableIterator<unknown, undefined>;
  handle(name: string, handler: (input: unknown, context: HandlingContext) => unknown): () => void;
}

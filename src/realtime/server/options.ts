/**
 * What an application says about its real-time server.
 */
import type {
  Call,
  CallsOf,
  ChannelsOf,
  ContractDefinition,
  HandlerInput,
  HandlerOutput,
  IsStreamed,
  LogChannel,
  ParamsOf,
  SignalChannel,
} from "../contract/index.js";
import type { Engine } from "../engines/index.js";
import type { Codec } from "../wire/index.js";
import type { Interests } from "./interest.js";
import type { RealtimeLimits } from "./limits.js";

/**
 * What somebody wants of a channel. "subscribe": what comes, and what is kept (`last`, `since`). "history": what is kept,
 * without subscribing. "presence": to be seen there, and to see who is.
 */
export type Action = "subscribe" | "publish" | "history" | "presence";

/** Who is connected. */
export interface RealtimeUser<Data = unknown> {
  /** `null`: nobody knows. */
  readonly id: string | null;
  /** What `authenticate` attached. */
  readonly data: Data;
}

/** What `authenticate` is asked with. */
export interface AuthenticateContext {
  /** What the client sent with `hello` or `token`; undefined when it sent none. From the client: anything. */
  readonly token: unknown;
  /** The request of the opening handshake, with its cookies; undefined where there is none. */
  readonly request: Request | undefined;
  readonly remoteAddress: string | undefined;
  /** Aborted when the connection ends, or `decisionTimeoutMs` have passed. */
  readonly signal: AbortSignal;
}

/** Somebody authenticated. */
export interface Authenticated<Data> {
  /** Who it is: what rates, presence and idempotency keys are counted by. `null`: nobody knows. */
  readonly user: string | null;
  /** What to attach. */
  readonly data?: Data;
  /** Until when, in Unix milliseconds. The client is asked for a new token in time. Default: for ever. */
  readonly expiresAtMs?: number;
}

/**
 * Says who somebody is. Undefined or false: not let in (4401). An error that it throws closes the connection with 1013,
 * so that the client tries again.
 */
export type Authenticate<Data> = (
  context: AuthenticateContext,
) => Authenticated<Data> | undefined | false | Promise<Authenticated<Data> | undefined | false>;

/** Says whether somebody may do something on a channel. */
export type AuthorizeChannel<Data, Params> = (
  user: RealtimeUser<Data>,
  params: Params,
  action: Action,
  name: string,
) => boolean | Promise<boolean>;

/** Says what may be done, by the patterns of the contract. What has no function here may nobody do. */
export type Authorize<Data, Definition extends ContractDefinition> = {
  readonly [Pattern in keyof ChannelsOf<Definition> & string]?: AuthorizeChannel<Data, ParamsOf<Pattern>>;
};

/**
 * Says whether somebody may make a call, with its input as the schema has made it. It is asked again while the call runs,
 * when what the user may do has changed.
 */
export type AuthorizeCall<Data, Input> = (
  user: RealtimeUser<Data>,
  input: Input,
  name: string,
) => boolean | Promise<boolean>;

/** The same without a contract. */
export type AuthorizePlainCall<Data> = AuthorizeCall<Data, unknown>;

/** Says who may make which call of the contract. What has no function here may nobody call. */
export type AuthorizeCalls<Data, Definition extends ContractDefinition> = {
  readonly [Name in keyof CallsOf<Definition> & string]?: CallsOf<Definition>[Name] extends infer AnyCall extends Call
    ? AuthorizeCall<Data, HandlerInput<AnyCall>>
    : never;
};

/** What the handler of a call gets beside its input. */
export interface CallContext<Data = unknown> {
  readonly user: RealtimeUser<Data>;
  /** The session that calls; `sessions` of the server has it, too. */
  readonly session: string;
  /** The caller's idempotency key, where there is one. */
  readonly key: string | undefined;
  /**
   * Aborted when the caller cancels or waits no longer; when the user is revoked, or may not make this call any more; and
   * when the connection ends, unless the caller gave a key, for then it asks again.
   */
  readonly signal: AbortSignal;
}

/**
 * The handler of a call. It returns the answer, or an async iterable of results; a `RealtimeError` that it throws is told
 * to the caller, of other errors only that there was one.
 */
export type CallHandler<Data, AnyCall extends Call> = (
  input: HandlerInput<AnyCall>,
  context: CallContext<Data>,
) => IsStreamed<AnyCall> extends true
  ? AsyncIterable<HandlerOutput<AnyCall>>
  : HandlerOutput<AnyCall> | Promise<HandlerOutput<AnyCall>>;

/** The handlers of all calls of a contract. */
export type CallHandlers<Data, Definition extends ContractDefinition> = {
  readonly [Name in keyof CallsOf<Definition> & string]: CallsOf<Definition>[Name] extends infer AnyCall extends Call
    ? CallHandler<Data, AnyCall>
    : never;
};

/** A handler of a call that no contract tells of. */
export type PlainCallHandler<Data> = (input: unknown, context: CallContext<Data>) => unknown;

/** What can be set with a contract and without. */
export interface CommonOptions<Data> {
  /** What keeps and carries the data. Default: `memory()`. */
  readonly engine?: Engine;
  /** Says who connects. Default: everybody may, and nobody is known. */
  readonly authenticate?: Authenticate<Data>;
  /** Codecs, beside JSON: `msgpackCodec`. */
  readonly codecs?: readonly Codec[];
  readonly limits?: RealtimeLimits;
  /** An error of the application's handlers, or of the engine. Default: it is printed. */
  readonly error?: (error: unknown, during: string) => void;
}

/** What can be set about a server with a contract. */
export type RealtimeOptions<Data, Definition extends ContractDefinition> = CommonOptions<Data> & {
  /** Says who may do what on channels. Default: everybody may do everything. */
  readonly authorize?: Authorize<Data, Definition>;
  /** Says who may make which call; `authorize` says nothing of calls. Default: everybody may make every call. */
  readonly authorizeCalls?: AuthorizeCalls<Data, Definition>;
  /** Says which part of a state each session gets. Default: whoever may subscribe to a state gets all of it. */
  readonly interest?: Interests<Data, Definition>;
} & (keyof CallsOf<Definition> extends never
    ? { readonly calls?: undefined }
    : { readonly calls: CallHandlers<Data, Definition> });

/** What there is without a contract: any channel, and any call. */
export interface PlainDefinition {
  readonly channels: Readonly<Record<string, LogChannel | SignalChannel>>;
}

/** What can be set about a server without one. */
export interface PlainRealtimeOptions<Data> extends CommonOptions<Data> {
  /** What every channel is, whatever its name. Default: `log()`. */
  readonly channel?: LogChannel | SignalChannel;
  /** Says who may do what on channels. Default: everybody may do everything. */
  readonly authorize?: AuthorizeChannel<Data, Readonly<Record<string, string>>>;
  /** Says who may make which call. Default: everybody may make every call. */
  readonly authorizeCalls?: AuthorizePlainCall<Data>;
  /** Handlers of calls, by name. */
  readonly calls?: Readonly<Record<string, PlainCallHandler<Data>>>;
}

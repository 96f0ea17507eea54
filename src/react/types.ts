/**
 * What hooks look like, with a contract and without.
 */
import type { FunctionComponent, ReactNode } from "react";
import type {
  ChannelOptions,
  Client,
  LogEvent,
  MediaEvent,
  SignalEvent,
  StateEvent,
  UntypedClient,
} from "../realtime/client/index.js";
import type {
  CallInput,
  CallOutput,
  CallsOf,
  ChannelName,
  ChannelOf,
  ChannelsOf,
  ContractDefinition,
  IsStreamed,
  NameOf,
  ReceivedOf,
  SentOf,
} from "../realtime/contract/index.js";
import type { ChannelKind } from "../realtime/wire/index.js";
import type { ConnectionView } from "./connection-store.js";
import type { MediaView, SignalView } from "./fleeting-stores.js";
import type { LogView } from "./log-store.js";
import type { PresenceView } from "./presence-store.js";
import type { StateView } from "./state-store.js";
import type { AnyClient } from "./stores.js";
import type { CallView, StreamOptions, StreamView } from "./use-call.js";
import type { AnyChannelOptions } from "./use-channel.js";

/** What `useChannel` is told of any kind. */
interface EventOptions<Event> {
  /** Is called with each event, as it comes; always the function of the last rendering. */
  readonly onEvent?: ((event: Event) => void) | undefined;
}

/** What `useChannel` is told of a log. */
export interface LogOptions<Received = unknown> extends EventOptions<LogEvent<Received>> {
  /** How many of the newest messages are wanted first. Default 0: only what is new. */
  readonly last?: number;
  /** What follows this is wanted, where a page left off before. */
  readonly since?: ChannelOptions["since"];
  /** Messages that are kept, beside those that `loadOlder` has added. Default 500. */
  readonly maxMessages?: number;
}

/** What is told of a state. */
export interface RateOptions {
  /** Changes a second at most, more than 0. Default: as the contract says. Of several components the quickest counts. */
  readonly maxUpdatesPerSecond?: number;
}

/** What `useChannel` is told of a state. */
export interface StateOptions<Received = unknown> extends EventOptions<StateEvent<Received>>, RateOptions {}

/** What `useChannel` is told of signals. */
export type SignalOptions<Received = unknown> = EventOptions<SignalEvent<Received>>;

/** What `useChannel` is told of media. */
export type MediaOptions = EventOptions<MediaEvent>;

/** What is told of a channel that a contract has declared. */
export type OptionsOf<Channel> = Channel extends { readonly kind: "log" }
  ? LogOptions<ReceivedOf<Channel>>
  : Channel extends { readonly kind: "state" }
    ? StateOptions<ReceivedOf<Channel>>
    : Channel extends { readonly kind: "signal" }
      ? SignalOptions<ReceivedOf<Channel>>
      : MediaOptions;

/** What comes of a channel that a contract has declared. */
export type ViewOf<Channel> = Channel extends { readonly kind: "log" }
  ? LogView<ReceivedOf<Channel>, SentOf<Channel>>
  : Channel extends { readonly kind: "state" }
    ? StateView<ReceivedOf<Channel>, SentOf<Channel>>
    : Channel extends { readonly kind: "signal" }
      ? SignalView<ReceivedOf<Channel>, SentOf<Channel>>
      : Channel extends { readonly kind: "media" }
        ? MediaView
        : never;

/** The names of the channels of a kind. */
type NameOfKind<Definition extends ContractDefinition, Kind extends ChannelKind> = {
  [Pattern in keyof ChannelsOf<Definition> & string]: ChannelsOf<Definition>[Pattern] extends { readonly kind: Kind }
    ? NameOf<Pattern>
    : never;
}[keyof ChannelsOf<Definition> & string];

/** The names of the calls that have a stream of results, or of those that have not. */
type CallName<Definition extends ContractDefinition, HasStream extends boolean> = {
  [Name in keyof CallsOf<Definition> & string]: IsStreamed<CallsOf<Definition>[Name]> extends HasStream ? Name : never;
}[keyof CallsOf<Definition> & string];

type Declared<Definition extends ContractDefinition, Name extends string> = ChannelOf<ChannelsOf<Definition>, Name>;

/** What the provider is told. */
export interface ProviderProps<AnyOf> {
  /** The client of all components within. Whoever made it closes it. */
  readonly client?: AnyOf | undefined;
  /**
   * Makes the client when the provider is in the page, and not on a server; it is closed when the provider goes. Until then
   * components show what there is without one.
   */
  readonly connect?: (() => AnyOf) | undefined;
  readonly children?: ReactNode;
}

/** The hooks of a contract. */
export interface Hooks<Definition extends ContractDefinition> {
  readonly OpenlineProvider: FunctionComponent<ProviderProps<Client<Definition>>>;
  /** The client; undefined where there is none yet. */
  readonly useClient: () => Client<Definition> | undefined;
  /** Whether there is a connection, and if not, why. */
  readonly useConnection: () => ConnectionView;
  /**
   * A channel: what its kind shows, and what one can do with it. All components that show a channel share its subscription.
   * What they want counts together when it is subscribed.
   */
  readonly useChannel: <Name extends ChannelName<ChannelsOf<Definition>>>(
    name: Name,
    options?: OptionsOf<Declared<Definition, Name>>,
  ) => ViewOf<Declared<Definition, Name>>;
  /** The value of one key of a state. Nothing is rendered when others change. */
  readonly useValue: <Name extends NameOfKind<Definition, "state">>(
    name: Name,
    key: string,
    options?: RateOptions,
  ) => ReceivedOf<Declared<Definition, Name>> | undefined;
  /** Which keys a state has. Nothing is rendered when only values change. */
  readonly useKeys: (name: NameOfKind<Definition, "state">, options?: RateOptions) => readonly string[];
  /** Who is in a channel. */
  readonly usePresence: (name: ChannelName<ChannelsOf<Definition>>) => PresenceView;
  /** A call with one answer. */
  readonly useCall: <Name extends CallName<Definition, false>>(
    name: Name,
  ) => CallView<CallInput<CallsOf<Definition>[Name]>, CallOutput<CallsOf<Definition>[Name]>>;
  /** A call with a stream of results. */
  readonly useStream: <Name extends CallName<Definition, true>>(
    name: Name,
    options?: StreamOptions,
  ) => StreamView<CallInput<CallsOf<Definition>[Name]>, CallOutput<CallsOf<Definition>[Name]>>;
}

/** The views without a contract, by kind. */
interface PlainViews {
  readonly log: LogView;
  readonly state: StateView;
  readonly signal: SignalView;
  readonly media: MediaView;
}

interface PlainOptions {
  readonly log: LogOptions;
  readonly state: StateOptions;
  readonly signal: SignalOptions;
  readonly media: MediaOptions;
}

/** The hooks without a contract: see `Hooks`. */
export interface UntypedHooks {
  readonly OpenlineProvider: FunctionComponent<ProviderProps<UntypedClient>>;
  readonly useClient: () => UntypedClient | undefined;
  readonly useConnection: () => ConnectionView;
  readonly useChannel: <Kind extends ChannelKind = "log">(
    name: string,
    options?: PlainOptions[Kind] & { readonly kind?: Kind },
  ) => PlainViews[Kind];
  readonly useValue: (name: string, key: string, options?: RateOptions) => unknown;
  readonly useKeys: (name: string, options?: RateOptions) => readonly string[];
  readonly usePresence: (name: string, options?: { readonly kind?: ChannelKind }) => PresenceView;
  readonly useCall: (name: string) => CallView;
  readonly useStream: (name: string, options?: StreamOptions) => StreamView;
}

/** All hooks, as they are made. */
export interface AnyHooks extends Omit<UntypedHooks, "OpenlineProvider" | "useClient" | "useChannel"> {
  readonly OpenlineProvider: FunctionComponent<ProviderProps<AnyClient>>;
  readonly useClient: () => AnyClient | undefined;
  readonly useChannel: (name: string, options?: AnyChannelOptions & { readonly kind?: ChannelKind }) => unknown;
}

/**
 * openline/react: the real-time client in components of React 18 and newer.
 */
import { createHooks } from "./hooks.js";
import type { UntypedHooks } from "./types.js";

export type { ChannelStatus, ChannelView } from "./channel-store.js";
export type { ConnectionView } from "./connection-store.js";
export type { MediaView, SignalView } from "./fleeting-stores.js";
export { createHooks } from "./hooks.js";
export type { LogGap, LogView, PendingMessage } from "./log-store.js";
export type { PresenceView } from "./presence-store.js";
export type { StateView } from "./state-store.js";
export type {
  Hooks,
  LogOptions,
  MediaOptions,
  OptionsOf,
  ProviderProps,
  RateOptions,
  SignalOptions,
  StateOptions,
  UntypedHooks,
  ViewOf,
} from "./types.js";
export type { CallView, StreamOptions, StreamView } from "./use-call.js";

const untyped: UntypedHooks = /* @__PURE__ */ createHooks();

/** Gives the components within it a client without a contract. */
export const OpenlineProvider: UntypedHooks["OpenlineProvider"] = /* @__PURE__ */ (() => untyped.OpenlineProvider)();
/** See `UntypedHooks`. */
export const useClient: UntypedHooks["useClient"] = () => untyped.useClient();
/** Whether there is a connection, and if not, why. */
export const useConnection: UntypedHooks["useConnection"] = () => untyped.useConnection();
/** A channel: a log where `kind` says nothing else. */
export const useChannel: UntypedHooks["useChannel"] = (name, options) => untyped.useChannel(name, options);
/** The value of one key of a state. */
export const useValue: UntypedHooks["useValue"] = (name, key, options) => untyped.useValue(name, key, options);
/** Which keys a state has. */
export const useKeys: UntypedHooks["useKeys"] = (name, options) => untyped.useKeys(name, options);
/** Who is in a channel. */
export const usePresence: UntypedHooks["usePresence"] = (name, options) => untyped.usePresence(name, options);
/** A call with one answer. */
export const useCall: UntypedHooks["useCall"] = (name) => untyped.useCall(name);
/** A call with a stream of results. */
export const useStream: UntypedHooks["useStream"] = (name, options) => untyped.useStream(name, options);

/**
 * openline/realtime/client on Node: over `connect`.
 */
import { type ConnectOptions, connect } from "../../../node/index.js";
import { refusalOf } from "../../../reconnect/index.js";
import { nodePlatform } from "../../../transport/node/index.js";
import type { ClientOptions as SharedOptions } from "../index.js";
import { type CreateClient, createClientFactory } from "../index.js";

export type {
  ErrorCode,
  PubReply as Published,
  RealtimeErrorOptions,
  RevisionReply as Revised,
} from "../../wire/index.js";
export { jsonCodec, RealtimeError } from "../../wire/index.js";
export type * from "../index.js";

/** What can be set about connections: all that `connect` takes, but for handlers and subprotocols. */
export type OwnConnectOptions = Omit<ConnectOptions, keyof SharedOptions | SetByClient>;

/** What the client sets. */
type SetByClient = "open" | "message" | "drain" | "close" | "error" | "protocols" | "signal";

// The longest delay that timers keep; beyond it they fire at once.
const maxTimerMs = 0x7fffffff;

/**
 * Connects to a server of `openline/realtime`, and stays connected until `close`.
 *
 * ```ts
 * const client = createClient(api, "wss://example.com/realtime", { token: async () => await fetchToken() });
 * for await (const event of client.channel("room/7")) console.log(event);
 * ```
 */
export const createClient: CreateClient<OwnConnectOptions> = createClientFactory<OwnConnectOptions>({
  connect: (url, options) => connect(url, options),
  clock: {
    now: () => nodePlatform.clock.now(),
    setTimer: (callback, delayMs) => nodePlatform.clock.setTimer(callback, Math.min(delayMs, maxTimerMs)),
  },
  random: Math.random,
  loadFallback: () => import("../fallback/index.js"),
  refusalOf: (error) => refusalOf(error, Date.now()),
  reportError: (error, during) => nodePlatform.reportError(error, during),
});

/**
 * openline/reconnecting where the platform has a WebSocket: an entry of its own, so that pages which connect once load
 * nothing of it.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import { AttemptTimeoutError, ReconnectEndedError } from "../reconnect/errors.js";
import type { Fresh, ReconnectingOptions as OptionsOf } from "../reconnect/options.js";
import type {
  ReconnectingHandlers as HandlersOf,
  ReconnectingSocket as ReconnectingSocketOf,
} from "../reconnect/reconnecting-socket.js";
import { createReconnecting } from "../reconnect/reconnector.js";
import { webSocketUrl } from "./arguments.js";
import type { ClientSocket } from "./client-socket.js";
import { connect } from "./connect.js";
import { type ConnectOptions, resolveLimits } from "./options.js";
import { wakeUps } from "./wake-ups.js";

export type { Fresh, OutboxOptions, ReconnectOptions } from "../reconnect/options.js";
export type {
  DropReason,
  EndReport,
  Loss,
  ReconnectingSendResult,
  ReconnectingState,
} from "../reconnect/reconnecting-socket.js";
export { AttemptTimeoutError, ReconnectEndedError };

/** A client that stays connected until `close`. */
export type ReconnectingSocket<Inner = ClientSocket> = ReconnectingSocketOf<Inner>;

/** What to do when something happens. */
export type ReconnectingHandlers<Inner = ClientSocket> = HandlersOf<Inner>;

/** What can be set about a client that reconnects: all that `connect` takes, and when to do what. */
export type ReconnectingOptions = Omit<OptionsOf<ConnectOptions, ClientSocket>, "headers">;

const create = createReconnecting<ConnectOptions, ClientSocket>({
  connect,
  check(url, options) {
    resolveLimits(options);
    if (url !== undefined) webSocketUrl(url);
  },
  clock: {
    now: () => performance.now(),
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  },
  random: Math.random,
  wakeUps,
  reportError(error, during) {
    // eslint-disable-next-line no-console -- an error that nobody handles has no better place
    console.error(`openline: ${during} failed`, error);
  },
  misuse: (code, observed, limit, hint) => new PlainUsageError(code, observed, limit, hint),
  ended: (report) => new ReconnectEndedError(report),
  timedOut: (limitMs) => new AttemptTimeoutError(limitMs),
});

/**
 * Connects to a WebSocket server, and connects again whenever the connection is lost, until `close`.
 *
 * The socket is there at once: what is sent before the first connection is open waits for it. A wait is over early when
 * the network comes back, or somebody looks at the page again.
 *
 * @param url as for `connect`, or a function that gives one for each attempt
 * @param options as for `connect`; `reconnect` says when to connect again, and `outbox` what may wait meanwhile
 * @throws UsageError for a URL or an option that makes no sense, or that the platform cannot keep. What only an attempt
 *   can find out ends the socket for good, see `closed`
 */
export function reconnecting(url: Fresh<string | URL>, options: ReconnectingOptions = {}): ReconnectingSocket {
  return create(url, options);
}

/**
 * `reconnecting()`: a client on Node that connects again.
 */
import type { ClientSocket } from "../client/index.js";
import { checkClient } from "../client/index.js";
import { UsageError } from "../protocol/index.js";
import type { Fresh, ReconnectingOptions as OptionsOf, ReconnectingSocket } from "../reconnect/index.js";
import { AttemptTimeoutError, createReconnecting, ReconnectEndedError, refusalOf } from "../reconnect/index.js";
import { nodePlatform } from "../transport/node/index.js";
import type { ConnectOptions } from "./connect.js";
import { connect } from "./connect.js";
import { dialerFor } from "./dial-options.js";
import { parseUnixUrl } from "./unix-url.js";

/** What can be set about a client on Node that reconnects: all that `connect` takes, and when to do what. */
export type ReconnectingOptions = OptionsOf<ConnectOptions, ClientSocket>;

const create = createReconnecting<ConnectOptions, ClientSocket>({
  connect,
  check: checkBeforehand,
  clock: nodePlatform.clock,
  random: Math.random,
  refusalOf: (error) => refusalOf(error, Date.now()),
  reportError: (error, during) => nodePlatform.reportError(error, during),
  misuse: (code, observed, limit, hint) => new UsageError(code, observed, limit, hint),
  ended: (report) => new ReconnectEndedError(report),
  timedOut: (limitMs) => new AttemptTimeoutError(limitMs),
});

// Stands for a URL that only a function will tell.
const anyUrl = "ws://localhost";

/** What `connect` would reject with, and no attempt can mend. */
function checkBeforehand(url: string | URL | undefined, options: ReconnectingOptions): void {
  const { headers, protocols } = options;
  // What a function will give is not known yet, and handlers are not looked at.
  const known: unknown = {
    ...options,
    headers: typeof headers === "function" ? undefined : headers,
    protocols: typeof protocols === "function" ? undefined : protocols,
  };
  const fixed = known as ConnectOptions;
  const unix = url === undefined ? undefined : parseUnixUrl(url);
  dialerFor(unix === undefined ? fixed : { ...fixed, socketPath: unix.socketPath }, undefined);
  checkClient(unix?.url ?? url ?? anyUrl, fixed, nodePlatform);
}

/**
 * Connects to a WebSocket server, and connects again whenever the connection is lost, until `close`.
 *
 * The socket is there at once: what is sent before the first connection is open waits for it. While it waits to connect
 * again it keeps the process alive, as a connection does.
 *
 * @param url as for `connect`, or a function that gives one for each attempt
 * @param options as for `connect`; `reconnect` says when to connect again, and `outbox` what may wait meanwhile
 * @throws UsageError for a URL or an option that makes no sense. What only an attempt can find out ends the socket for
 *   good, see `closed`
 */
export function reconnecting(
  url: Fresh<string | URL>,
  options: ReconnectingOptions = {},
): ReconnectingSocket<ClientSocket> {
  return create(url, options);
}

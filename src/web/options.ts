/**
 * What can be set about a client where the platform's WebSocket does the work, with each default and its reason.
 */
import type { ClientOptions } from "../client/open-client.js";
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { SocketHandlers } from "../socket/socket.js";
import type { Socket } from "./client-socket.js";
import { unsupported } from "./unsupported.js";

/** What works as it does on Node. */
type SharedOption =
  | "protocols"
  | "signal"
  | "handshakeTimeoutMs"
  | "closeTimeoutMs"
  | "highWaterMarkBytes"
  | "maxSendBufferBytes"
  | "slowPeer";

/** See the head of this file. */
export interface ConnectOptions extends Pick<ClientOptions, SharedOption>, SocketHandlers<undefined, Socket> {
  /**
   * Octets of received messages, with the overhead of holding them, that may wait for a handler or an iterator. The
   * platform cannot stop reading: beyond it, the socket is closed with 4008, and an `InboxFullError` is in its close
   * report. What had come by then is still delivered. Default 64 MiB.
   */
  readonly maxInboxBytes?: number;
}

/** The limits with every default filled in. */
export interface ResolvedLimits {
  handshakeTimeoutMs: number;
  closeTimeoutMs: number;
  highWaterMarkBytes: number;
  maxSendBufferBytes: number;
  maxInboxBytes: number;
}

const defaults: ResolvedLimits = {
  // As on Node.
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  highWaterMarkBytes: 64 * 1024,
  maxSendBufferBytes: 64 * 1024 * 1024,
  // As much as may wait on the way out: a page that sets itself up takes a few seconds of what comes.
  maxInboxBytes: 64 * 1024 * 1024,
};

// The longest delay that timers keep, in milliseconds; and 2 GiB should be enough, too.
const maxLimit = 0x7fffffff;

/** Options of Node's `connect` that a platform's WebSocket has no way to keep. */
const nodeOnly =
  /^(?:headers|tls|transport|limits|heartbeat|(?:message|send|idle)TimeoutMs|rateLimit|perM|messageM|max(?:Socket)?M|proxy|socketPath|lookup|address|attemptD|local|redirects|cookieJar|url|http2)/;

/** The names that `nodeOnly` matches. With those of `ConnectOptions`, these are all options of Node's: a test says so. */
export type NodeOnlyOption =
  | "headers"
  | "tls"
  | "transport"
  | "limits"
  | "heartbeat"
  | "messageTimeoutMs"
  | "sendTimeoutMs"
  | "idleTimeoutMs"
  | "rateLimit"
  | "perMessageDeflate"
  | "messageMemory"
  | "maxSocketMemoryBytes"
  | "maxMemoryBytes"
  | "proxy"
  | "socketPath"
  | "lookup"
  | "addressFamily"
  | "attemptDelayMs"
  | "localAddress"
  | "redirects"
  | "cookieJar"
  | "urlCredentials"
  | "http2";

/**
 * Fills in the defaults.
 *
 * @throws UsageError `unsupported-by-platform` for an option that only Node has, `invalid-limit`
 */
export function resolveLimits(options: ConnectOptions): ResolvedLimits {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || !nodeOnly.test(name)) continue;
    // Whoever misses headers has to be told of a way.
    throw unsupported(name === "headers" ? "headers; use protocols, cookies or the URL" : name);
  }
  const resolved = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof ResolvedLimits)[]) {
    const limit = (resolved[name] = options[name] ?? resolved[name]);
    // Only whole numbers from 0 to `maxLimit` stay what they are.
    if ((limit & maxLimit) !== limit) throw new PlainUsageError("invalid-limit", String(limit), maxLimit, name);
  }
  return resolved;
}

/**
 * What can be set about a client where the platform's WebSocket does the work, with each default and its reason.
 */
import type { ClientOptions } from "../client/open-client.js";
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { SocketHandlers } from "../socket/socket.js";

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
export interface ConnectOptions extends Pick<ClientOptions, SharedOption>, SocketHandlers {
  /**
   * Octets of received messages, with the overhead of holding them, that may wait for a handler or an iterator. The
   * platform cannot stop reading: beyond it, the socket is closed with 4008, and an `InboxFullError` is in its close
   * report. What had come before is still delivered. Default 64 MiB.
   */
  readonly maxInboxBytes?: number;
}

/** The limits with every default filled in. */
export interface ResolvedOptions {
  readonly handshakeTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly highWaterMarkBytes: number;
  readonly maxSendBufferBytes: number;
  readonly maxInboxBytes: number;
}

const defaults: ResolvedOptions = {
  // As on Node.
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  highWaterMarkBytes: 64 * 1024,
  maxSendBufferBytes: 64 * 1024 * 1024,
  // As much as may wait on the way out: a page that sets itself up takes a few seconds of what comes.
  maxInboxBytes: 64 * 1024 * 1024,
};

/** The options of Node's `connect` that a platform's WebSocket has no way to keep. */
const nodeOnly =
  /^(headers|tls|transport|limits|heartbeat|(message|send|idle)TimeoutMs|rateLimit|perMessageDeflate|messageMemory|max(Socket)?MemoryBytes)$/;

/** What `nodeOnly` means, for a test of types: together with `ConnectOptions` these are all options of Node's. */
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
  | "maxMemoryBytes";

/**
 * Fills in the defaults.
 *
 * @throws UsageError `unsupported-by-platform` for an option that only Node has, `invalid-limit`, `invalid-argument`
 */
export function resolveOptions(options: ConnectOptions): ResolvedOptions {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || !nodeOnly.test(name)) continue;
    const hint = name === "headers" ? "headers: send what they would say in protocols, a cookie or the URL" : name;
    throw new PlainUsageError("unsupported-by-platform", undefined, undefined, hint);
  }
  const { slowPeer } = options;
  if (slowPeer !== undefined && slowPeer !== "close" && slowPeer !== "refuse") {
    throw new PlainUsageError("invalid-argument", String(slowPeer), undefined, "slowPeer");
  }
  const limit = (name: keyof ResolvedOptions, max = Number.MAX_SAFE_INTEGER): number => {
    const value = options[name] ?? defaults[name];
    if (Number.isInteger(value) && value >= 0 && value <= max) return value;
    throw new PlainUsageError("invalid-limit", String(value), max, name);
  };
  // The longest delay that timers keep.
  const maxTimerMs = 0x7fffffff;
  return {
    handshakeTimeoutMs: limit("handshakeTimeoutMs", maxTimerMs),
    closeTimeoutMs: limit("closeTimeoutMs", maxTimerMs),
    highWaterMarkBytes: limit("highWaterMarkBytes"),
    maxSendBufferBytes: limit("maxSendBufferBytes"),
    maxInboxBytes: limit("maxInboxBytes"),
  };
}

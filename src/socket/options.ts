/**
 * What can be set about sockets, the same for servers and clients, with each default and the reason for it.
 */

import type { Limits } from "../protocol/index.js";
import { resolveLimits, UsageError } from "../protocol/index.js";
import type { PerMessageDeflateOptions, ResolvedDeflateOptions } from "./compression.js";
import { resolveDeflateOptions } from "./compression.js";
import type { DeadlineOptions, ResolvedDeadlines } from "./deadline-options.js";
import { maxTimerMs, resolveDeadlines } from "./deadline-options.js";
import type { RateLimitOptions, ResolvedRateLimit } from "./rate-limit.js";
import { resolveRateLimit } from "./rate-limit.js";

/** See the head of this file. */
export interface SocketOptions extends DeadlineOptions {
  /** Limits of the protocol: sizes of messages and frames, fragments, headers. */
  readonly limits?: Partial<Limits>;
  /** Octets of unsent output from which `send` answers "buffered" and `ready()` waits. Default 64 KiB. */
  readonly highWaterMarkBytes?: number;
  /** Octets of unsent output at which `send` takes no more, see `slowPeer`. Default 64 MiB. */
  readonly maxSendBufferBytes?: number;
  /**
   * What happens to a peer that reads so slowly that `maxSendBufferBytes` wait for it. "close" (the default): the
   * socket is terminated, since a message that is dropped would be lost in silence; its report says so. "refuse":
   * `send` answers "refused" with the reason "buffer-full", and the socket lives.
   */
  readonly slowPeer?: "close" | "refuse";
  /**
   * Octets of received messages, with the overhead of holding them, that wait for a handler or an iterator before
   * reading stops. Default 64 KiB.
   */
  readonly maxInboxBytes?: number;
  /**
   * Whose memory a binary message is in. "own" (the default): its own, yours to keep. "lent": where it lies whole in what
   * was read, the `message` handler gets a view of that, which saves a copy. It holds the message until the handler
   * returns or, if that is async, until its first `await`; then other messages may take its place. What is sent or
   * published until then is copied; what shall be kept, or sent later, has to be copied by you (`message.slice()`).
   * Around the view, in `message.buffer`, lie octets of others. Iterators always get messages of their own.
   */
  readonly messageMemory?: "own" | "lent";
  /** Milliseconds that the closing handshake and the end of the stream may take, before it is cut. Default 10,000. */
  readonly closeTimeoutMs?: number;
  /**
   * Octets that one connection may pin: an unfinished message, messages that wait, output that waits up to
   * `maxSendBufferBytes`, with the objects around them. Beyond it, it is closed with 1008. Default: what the other limits
   * allow together, so that it counts where it is set.
   */
  readonly maxSocketMemoryBytes?: number;
  /**
   * Octets that all connections of the process may pin together; of several servers and clients, the smallest counts.
   * From three quarters of it on, nothing more is read from those who hold most; beyond it, they are closed with 1013.
   * Default: half of the memory that the process may have. What is kept to compress has a limit of its own.
   */
  readonly maxMemoryBytes?: number;
  /** How fast a peer may send. Default: as fast as its messages are handled. */
  readonly rateLimit?: RateLimitOptions;
  /**
   * Whether messages may be compressed (permessage-deflate, RFC 7692), and how. Default true: what the peer agrees to.
   * What must stay secret, sent beside text that an attacker chooses, goes with `compress: false`.
   */
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions;
}

/** The options with every default filled in. */
export interface ResolvedSocketOptions {
  readonly limits: Limits;
  readonly highWaterMarkBytes: number;
  readonly maxSendBufferBytes: number;
  readonly slowPeer: "close" | "refuse";
  readonly maxInboxBytes: number;
  readonly messageMemory: "own" | "lent";
  readonly closeTimeoutMs: number;
  readonly maxSocketMemoryBytes: number;
  /** Undefined for half of the memory that the process may have. */
  readonly maxMemoryBytes: number | undefined;
  readonly deadlines: ResolvedDeadlines;
  /** Undefined where nothing is limited. */
  readonly rateLimit: ResolvedRateLimit | undefined;
  /** Undefined where nothing is to be compressed. */
  readonly perMessageDeflate: ResolvedDeflateOptions | undefined;
}

// What a kernel's socket buffer holds by default is of this order; more waiting above it only adds latency.
const defaultHighWaterMarkBytes = 64 * 1024;
// Four of the largest messages that the default limits allow may be sent in one turn, before the peer could read any.
const defaultMaxSendBufferBytes = 64 * 1024 * 1024;
// One read of the kernel's: enough to keep a handler busy, little enough to hold for every connection.
const defaultMaxInboxBytes = 64 * 1024;
// A round trip on a bad mobile network takes seconds; a socket in its last handshake costs little meanwhile.
const defaultCloseTimeoutMs = 10_000;
// Objects around what the limits count, and what a chunk that was read holds beside messages.
const overheadBytes = 1024 * 1024;

/**
 * Fills in the defaults.
 *
 * @throws UsageError `invalid-limit` for a value that is no whole number in its range, `invalid-argument` for an option
 *   that is none of those allowed
 */
export function resolveSocketOptions(options: SocketOptions): ResolvedSocketOptions {
  const slowPeer = options.slowPeer ?? "close";
  if (slowPeer !== "close" && slowPeer !== "refuse") {
    throw new UsageError("invalid-argument", String(slowPeer), undefined, 'slowPeer must be "close" or "refuse"');
  }
  const messageMemory = options.messageMemory ?? "own";
  if (messageMemory !== "own" && messageMemory !== "lent") {
    throw new UsageError("invalid-argument", String(messageMemory), undefined, 'messageMemory must be "own" or "lent"');
  }
  const limits = resolveLimits(options.limits);
  const maxSendBufferBytes = wholeNumber("maxSendBufferBytes", options.maxSendBufferBytes, defaultMaxSendBufferBytes);
  const maxInboxBytes = wholeNumber("maxInboxBytes", options.maxInboxBytes, defaultMaxInboxBytes);
  // One message may be on its way into an inbox that is nearly full, and one held back behind it.
  const otherLimits = limits.maxBufferedBytes + maxSendBufferBytes + maxInboxBytes + 2 * limits.maxMessageBytes;
  const defaultMaxSocketMemoryBytes = Math.min(otherLimits + overheadBytes, Number.MAX_SAFE_INTEGER);
  const { maxSocketMemoryBytes, maxMemoryBytes } = options;
  return {
    limits,
    highWaterMarkBytes: wholeNumber("highWaterMarkBytes", options.highWaterMarkBytes, defaultHighWaterMarkBytes),
    maxSendBufferBytes,
    slowPeer,
    maxInboxBytes,
    maxSocketMemoryBytes: wholeNumber("maxSocketMemoryBytes", maxSocketMemoryBytes, defaultMaxSocketMemoryBytes),
    maxMemoryBytes: maxMemoryBytes === undefined ? undefined : wholeNumber("maxMemoryBytes", maxMemoryBytes, 0),
    messageMemory,
    closeTimeoutMs: wholeNumber("closeTimeoutMs", options.closeTimeoutMs, defaultCloseTimeoutMs, maxTimerMs),
    deadlines: resolveDeadlines(options),
    rateLimit: resolveRateLimit(options.rateLimit),
    perMessageDeflate: resolveDeflateOptions(options.perMessageDeflate),
  };
}

/**
 * A whole number from 0 to `max`, or the default.
 *
 * @throws UsageError `invalid-limit`
 */
export function wholeNumber(
  name: string,
  given: number | undefined,
  defaultValue: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (given === undefined || given === defaultValue) return defaultValue;
  if (typeof given !== "number" || !Number.isInteger(given) || given < 0 || given > max) {
    throw new UsageError("invalid-limit", String(given), max, name);
  }
  return given;
}

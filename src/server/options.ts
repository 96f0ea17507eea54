/**
 * What can be set about a server.
 */

import type { ResolvedSocketOptions, SocketHandlers, SocketOptions } from "../socket/index.js";
import { maxTimerMs, resolveSocketOptions, wholeNumber } from "../socket/index.js";
import type { Accept } from "./accept.js";
import type { ServerSocket } from "./server-socket.js";

/** Everything about a server but where its connections come from. */
export interface ServerOptions<Data = undefined> extends SocketOptions, SocketHandlers<Data, ServerSocket<Data>> {
  /** Decides about each connection. Default: every well-formed handshake is accepted, without a subprotocol. */
  readonly accept?: Accept<Data>;
  /** Milliseconds that an opening handshake may take, `accept` included. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /**
   * Sockets that may wait for `for await (const socket of server)` to take them; more are refused with 503. Counts
   * only where neither `open` nor `message` is given. Default 1,024.
   */
  readonly maxWaitingSockets?: number;
  /** Topics that one socket may subscribe to; `subscribe` throws beyond it. Default 1,024. */
  readonly maxTopicsPerSocket?: number;
  /** UTF-16 units in the name of a topic that a socket subscribes to; `subscribe` throws beyond it. Default 1,024. */
  readonly maxTopicLength?: number;
}

/** The options with every default filled in. */
export interface ResolvedServerOptions extends ResolvedSocketOptions {
  readonly handshakeTimeoutMs: number;
  readonly maxWaitingSockets: number;
  readonly maxTopicsPerSocket: number;
  readonly maxTopicLength: number;
}

// Slow enough for a database look-up behind `accept`, quick enough that stuck peers do not pile up.
const defaultHandshakeTimeoutMs = 10_000;
// As many as a kernel's listen backlog commonly is.
const defaultMaxWaitingSockets = 1024;
// More than a busy dashboard shows. Topics are often named by the peer, who could name them until memory is gone.
const defaultMaxTopicsPerSocket = 1024;
// A path of any sensible depth. With the limit above, a socket's topics take 2 MiB at most.
const defaultMaxTopicLength = 1024;

/** @throws UsageError `invalid-limit`, `invalid-argument` */
export function resolveServerOptions<Data>(options: ServerOptions<Data>): ResolvedServerOptions {
  return {
    ...resolveSocketOptions(options),
    handshakeTimeoutMs: wholeNumber(
      "handshakeTimeoutMs",
      options.handshakeTimeoutMs,
      defaultHandshakeTimeoutMs,
      maxTimerMs,
    ),
    maxWaitingSockets: wholeNumber("maxWaitingSockets", options.maxWaitingSockets, defaultMaxWaitingSockets),
    maxTopicsPerSocket: wholeNumber("maxTopicsPerSocket", options.maxTopicsPerSocket, defaultMaxTopicsPerSocket),
    maxTopicLength: wholeNumber("maxTopicLength", options.maxTopicLength, defaultMaxTopicLength),
  };
}

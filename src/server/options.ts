/**
 * What can be set about a server.
 */

import type { ResolvedSocketOptions, SocketHandlers, SocketOptions } from "../socket/index.js";
import { checkHandlers, maxTimerMs, resolveSocketOptions, wholeNumber } from "../socket/index.js";
import type { Accept } from "./accept.js";
import type { HostsOption } from "./hosts.js";
import type { OriginsOption } from "./origin.js";
import type { PathOption } from "./path.js";
import type { TrustedProxiesOption } from "./proxies.js";
import type { UpgradeRefusal } from "./refusals.js";
import type { ServerSocket } from "./server-socket.js";

/** Everything about a server but where its connections come from. */
export interface ServerOptions<Data = undefined> extends SocketOptions, SocketHandlers<Data, ServerSocket<Data>> {
  /** Decides about each connection. Default: every well-formed handshake is accepted, without a subprotocol. */
  readonly accept?: Accept<Data>;
  /**
   * Where the WebSockets are: "/live", a list of such paths, or a function that gets the path and says `true`. It is
   * compared as it was sent, without the query. Requests for other paths are answered with 404; on an HTTP server of yours
   * they are left to whoever else listens to its `upgrade` event. Default: everywhere.
   */
  readonly path?: PathOption;
  /**
   * The pages that may connect. Asked only of requests with an `Origin` header, which browsers always send and others need
   * not: without it anybody's page could act for a visitor who is logged in here. Default: pages of this server's own
   * origin, that is with the scheme of the connection and the `Host` of the request. A list takes the place of that; list
   * your own as well, where it counts. A function gets the origin in lower case and says `true` of those that may. "*"
   * lets every page in: for servers that know nobody by cookie or by network.
   */
  readonly origins?: OriginsOption;
  /**
   * The names in `Host` that this server answers to: "app.example", with a port or for every port, ".app.example" for all
   * below it, or "*" for any. Default: on a server that listens on a loopback address only, requests with an `Origin` need
   * a name of the machine itself (`localhost`, 127.0.0.1, [::1]), so that no page can have its own name resolved to it
   * (DNS rebinding); elsewhere any, since nobody knows the names.
   */
  readonly hosts?: HostsOption;
  /**
   * The proxies before this server: addresses and ranges as "10.0.0.0/8", or a function. What these tell in `Forwarded`
   * (RFC 7239) or `X-Forwarded-For`, `-Proto` and `-Host` is believed: addresses, the check of `origins` and `hosts` and
   * the URL in `accept` are then the client's. They must write these headers and not pass them on as they come. Default:
   * none.
   */
  readonly trustedProxies?: TrustedProxiesOption;
  /** Sockets and pending upgrades, all together; more are refused with 503. Default: as many as come. */
  readonly maxConnections?: number;
  /**
   * Sockets and pending upgrades of one address, or of one IPv6 subnet (/64); more are refused with 429. Default: as many
   * as come, since a whole company or mobile network may share an address.
   */
  readonly maxConnectionsPerAddress?: number;
  /** Upgrades that may wait for `accept` at the same time; more are refused with 503. Default 4,096. */
  readonly maxPendingUpgrades?: number;
  /**
   * Connections that are let in in a second, and at once after a while without any; more are refused with 503, and come
   * back over the seconds that follow. It paces those who all come at once when a server or a network is back. Default: as
   * many as come.
   */
  readonly maxNewConnectionsPerSecond?: number;
  /**
   * Whether there is no room at the moment, asked about each connection against which there is nothing else; `true` refuses
   * it with 503. `overload()` makes one that looks at memory and the event loop. Default: there is room.
   */
  readonly isOverloaded?: () => boolean;
  /** Told of every handshake that is refused, by whomever. What `node:http` refuses itself is not among them. */
  readonly refused?: (refusal: UpgradeRefusal) => void;
  /**
   * Milliseconds that an opening handshake may take, from the connection on until `accept` has decided. With an HTTP
   * server of yours, or none, they begin with the upgrade request. Default 10,000.
   */
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
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxPendingUpgrades: number;
  readonly maxNewConnectionsPerSecond: number;
  readonly isOverloaded: (() => boolean) | undefined;
  readonly maxWaitingSockets: number;
  readonly maxTopicsPerSocket: number;
  readonly maxTopicLength: number;
}

// Slow enough for a database look-up behind `accept`, quick enough that stuck peers do not pile up.
const defaultHandshakeTimeoutMs = 10_000;
// More than a wave of reconnecting clients has with an `accept` that looks something up. What a peer sends meanwhile is
// kept, 64 KiB at most, so that all of them together hold 256 MiB.
const defaultMaxPendingUpgrades = 4096;
// As many as a kernel's listen backlog commonly is.
const defaultMaxWaitingSockets = 1024;
// More than a busy dashboard shows. Topics are often named by the peer, who could name them until memory is gone.
const defaultMaxTopicsPerSocket = 1024;
// A path of any sensible depth. With the limit above, a socket's topics take 2 MiB at most.
const defaultMaxTopicLength = 1024;

/** @throws UsageError `invalid-limit`, `invalid-argument` */
export function resolveServerOptions<Data>(options: ServerOptions<Data>): ResolvedServerOptions {
  checkHandlers(options, ["accept", "refused", "isOverloaded"]);
  return {
    ...resolveSocketOptions(options),
    handshakeTimeoutMs: wholeNumber(
      "handshakeTimeoutMs",
      options.handshakeTimeoutMs,
      defaultHandshakeTimeoutMs,
      maxTimerMs,
    ),
    maxConnections: wholeNumber("maxConnections", options.maxConnections, Number.POSITIVE_INFINITY),
    maxConnectionsPerAddress: wholeNumber(
      "maxConnectionsPerAddress",
      options.maxConnectionsPerAddress,
      Number.POSITIVE_INFINITY,
    ),
    maxPendingUpgrades: wholeNumber("maxPendingUpgrades", options.maxPendingUpgrades, defaultMaxPendingUpgrades),
    maxNewConnectionsPerSecond: wholeNumber(
      "maxNewConnectionsPerSecond",
      options.maxNewConnectionsPerSecond,
      Number.POSITIVE_INFINITY,
    ),
    isOverloaded: options.isOverloaded,
    maxWaitingSockets: wholeNumber("maxWaitingSockets", options.maxWaitingSockets, defaultMaxWaitingSockets),
    maxTopicsPerSocket: wholeNumber("maxTopicsPerSocket", options.maxTopicsPerSocket, defaultMaxTopicsPerSocket),
    maxTopicLength: wholeNumber("maxTopicLength", options.maxTopicLength, defaultMaxTopicLength),
  };
}

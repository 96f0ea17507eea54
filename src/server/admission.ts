/**
 * The checks at the door, before anybody asks the application: who it is, whether the request may come from where it
 * comes from and is for this server, and whether there is room.
 *
 * The usual request, which has no `Origin` and meets no cap, is looked at and costs next to nothing.
 */
import type { HandshakeRequest, UpgradeRequest } from "../protocol/index.js";
import { TokenBucket } from "../socket/token-bucket.js";
import { ownerOf } from "../transport/index.js";
import type { IncomingRequest } from "./accept.js";
import { AdmissionError } from "./errors.js";
import { HostList, isLoopbackHost } from "./hosts.js";
import type { ResolvedServerOptions, ServerOptions } from "./options.js";
import type { OriginRule } from "./origin.js";
import { isSameOrigin, listsOrigin, resolveOrigins } from "./origin.js";
import type { PathRule } from "./path.js";
import { pathOf, resolvePath } from "./path.js";
import type { Client } from "./proxies.js";
import { TrustedProxies } from "./proxies.js";
import { saysTrue } from "./says-true.js";

// Longer than a deployment or a network takes to be back. Whoever was told to wait may have gone elsewhere meanwhile.
const longestTurnMs = 60_000;

/** How many there are. */
export interface Occupancy {
  readonly sockets: number;
  readonly pendingUpgrades: number;
}

/** See the head of this file. */
export class Admission {
  readonly #options: ResolvedServerOptions;
  /** Undefined where WebSockets are everywhere. */
  readonly #path: PathRule | undefined;
  readonly #origins: OriginRule;
  /** Undefined where any name will do; "default" where nothing was said about it. */
  readonly #hosts: HostList | "default" | undefined;
  readonly #proxies: TrustedProxies | undefined;
  /** Sockets and pending upgrades of each address, where there is a limit to that. */
  readonly #perAddress: Map<string, number> | undefined;
  readonly #now: () => number;
  /** How many may come in now, where there is a limit to that. */
  readonly #arrivals: TokenBucket | undefined;
  /** When it is the turn of the one who was sent away last. */
  #lastTurnMs = Number.NEGATIVE_INFINITY;

  /**
   * @param now milliseconds, never going back
   * @throws UsageError `invalid-argument`
   */
  constructor(
    given: Pick<ServerOptions<unknown>, "path" | "origins" | "hosts" | "trustedProxies">,
    resolved: ResolvedServerOptions,
    now: () => number,
  ) {
    const { maxNewConnectionsPerSecond } = resolved;
    this.#now = now;
    this.#arrivals = Number.isFinite(maxNewConnectionsPerSecond)
      ? new TokenBucket(maxNewConnectionsPerSecond, maxNewConnectionsPerSecond, now())
      : undefined;
    this.#options = resolved;
    this.#path = resolvePath(given.path);
    this.#origins = resolveOrigins(given.origins);
    if (given.hosts === undefined) this.#hosts = "default";
    else this.#hosts = given.hosts === "*" ? undefined : new HostList(given.hosts);
    this.#proxies = given.trustedProxies === undefined ? undefined : new TrustedProxies(given.trustedProxies);
    this.#perAddress = Number.isFinite(resolved.maxConnectionsPerAddress) ? new Map() : undefined;
  }

  /** Who wants to connect: whoever the connection is from, or whom trusted proxies tell of. */
  clientOf(head: HandshakeRequest, connection: Client): Client | AdmissionError {
    if (this.#proxies === undefined) return connection;
    return this.#proxies.clientOf(head.rawHeaders, connection) ?? new AdmissionError("forwarded-malformed");
  }

  /**
   * Whether there are WebSockets where a request asks for one.
   *
   * @param target of the request
   * @returns undefined where they are everywhere
   * @throws what an option throws that is a function
   */
  isAt(target: string): boolean | undefined {
    if (this.#path === undefined) return undefined;
    const path = pathOf(target);
    return path !== undefined && this.#path(path);
  }

  /**
   * Whether the request is for this server, and may come from the page that it comes from.
   *
   * @param isOnLoopback tells whether the server listens on a loopback address only
   * @param requestOf makes the request for an option that is a function; what that throws goes through
   */
  checkSource(
    { origin, target }: Pick<UpgradeRequest, "origin" | "target">,
    client: Client,
    isOnLoopback: () => boolean,
    requestOf: () => IncomingRequest,
  ): AdmissionError | undefined {
    if (this.isAt(target) === false) return new AdmissionError("path-not-found");
    if (this.#hosts instanceof HostList && !this.#hosts.has(client.host)) return new AdmissionError("host-not-allowed");
    if (origin === undefined) return undefined;
    // Whoever listens on a loopback address means to serve this machine alone, and all of its names are known. What comes
    // with other names is a page that had its own resolved to it; only browsers can be led to do that, and they send an
    // `Origin`. Of a server that can be reached from elsewhere nobody knows the names; and what a proxy passes on has the
    // names of the proxy.
    if (this.#hosts === "default" && !client.isForwarded && !isLoopbackHost(client.host) && isOnLoopback()) {
      return new AdmissionError("host-not-allowed");
    }
    return this.#isOriginAllowed(origin, client, requestOf) ? undefined : new AdmissionError("origin-not-allowed");
  }

  #isOriginAllowed(origin: string, { isSecure, host }: Client, requestOf: () => IncomingRequest): boolean {
    const rule = this.#origins;
    switch (rule.kind) {
      case "same-origin":
        return isSameOrigin(origin, isSecure, host);
      case "any":
        return true;
      case "list":
        return listsOrigin(rule.origins, origin);
      case "function":
        return saysTrue(rule.isAllowed(origin, requestOf()), "origins");
    }
  }

  /**
   * Whether there is room for one more, who counts as having come in then.
   *
   * @throws what the option `isOverloaded` throws
   */
  checkRoom(address: string | undefined, { sockets, pendingUpgrades }: Occupancy): AdmissionError | undefined {
    const { maxConnections, maxConnectionsPerAddress, maxPendingUpgrades } = this.#options;
    if (sockets + pendingUpgrades >= maxConnections) return new AdmissionError("too-many-connections", maxConnections);
    if (pendingUpgrades >= maxPendingUpgrades) {
      return new AdmissionError("too-many-pending-upgrades", maxPendingUpgrades);
    }
    if (address !== undefined && (this.#perAddress?.get(ownerOf(address)) ?? 0) >= maxConnectionsPerAddress) {
      return new AdmissionError("too-many-connections-per-address", maxConnectionsPerAddress);
    }
    return this.#checkLoad();
  }

  #checkLoad(): AdmissionError | undefined {
    const { isOverloaded } = this.#options;
    if (isOverloaded !== undefined && saysTrue(isOverloaded(), "isOverloaded")) return new AdmissionError("overloaded");
    return this.#arrivals?.takeIfThere(1, this.#now()) === false ? this.#sendAway() : undefined;
  }

  /**
   * Gives each who has to come again a turn behind those who were sent away before. Told the same time, all would come at
   * once again, and while they wait nobody would come in.
   */
  #sendAway(): AdmissionError {
    const { maxNewConnectionsPerSecond: perSecond } = this.#options;
    const now = this.#now();
    this.#lastTurnMs = Math.min(Math.max(now, this.#lastTurnMs) + 1000 / perSecond, now + longestTurnMs);
    const seconds = Math.ceil((this.#lastTurnMs - now) / 1000);
    return new AdmissionError("too-many-new-connections", perSecond, undefined, seconds);
  }

  /** Counts somebody who was let in, or waits to be. */
  entered(address: string | undefined): void {
    if (this.#perAddress === undefined || address === undefined) return;
    const owner = ownerOf(address);
    this.#perAddress.set(owner, (this.#perAddress.get(owner) ?? 0) + 1);
  }

  /** Does not count them any more. */
  left(address: string | undefined): void {
    if (this.#perAddress === undefined || address === undefined) return;
    const owner = ownerOf(address);
    const others = (this.#perAddress.get(owner) ?? 0) - 1;
    if (others > 0) this.#perAddress.set(owner, others);
    else this.#perAddress.delete(owner);
  }
}

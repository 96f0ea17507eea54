/**
 * Who a request comes from, where proxies stand between: what those that are trusted tell of it, and nothing that anyone
 * else could have written.
 */
import type { RawHeaders } from "../protocol/index.js";
import { UsageError } from "../protocol/index.js";
import type { IpRange } from "../transport/index.js";
import { isInRange, isSameAddress, parseIpAddress, parseIpRange } from "../transport/index.js";
import type { Hop } from "./forwarded.js";
import { isForwardedHost, isSecureProtocol, parseNode, readForwarded, readXForwarded } from "./forwarded.js";
import { saysTrue } from "./says-true.js";

/**
 * Proxies that are believed: addresses and ranges ("10.0.0.0/8"), or a function that says `true` of an address, which is
 * undefined for a Unix socket.
 */
export type TrustedProxiesOption = readonly string[] | ((address: string | undefined) => boolean);

/** Whoever wants to connect, as far as the server knows. */
export interface Client {
  /** The network address. */
  readonly address: string | undefined;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** The host and port that it asked for, as `Host` has them. */
  readonly host: string;
  /** Whether a trusted proxy told so. */
  readonly isForwarded: boolean;
}

/** See the head of this file. */
export class TrustedProxies {
  readonly #isTrusted: (address: string | undefined) => boolean;

  /** @throws UsageError `invalid-argument` for what is no address, no range and no list of them */
  constructor(option: TrustedProxiesOption) {
    this.#isTrusted =
      typeof option === "function" ? (address) => saysTrue(option(address), "trustedProxies") : trustsRanges(option);
  }

  /**
   * Goes back from the connection, from one trusted proxy to whom it got the request from, up to the first who is not
   * one. What stands before that one's part of a header it may have made up.
   *
   * @param connection what is known without proxies
   * @returns undefined where a trusted proxy tells what is malformed or contradicts itself
   */
  clientOf(rawHeaders: RawHeaders, connection: Client): Client | undefined {
    if (!this.#isTrusted(connection.address)) return connection;
    const forwarded = readForwarded(rawHeaders);
    if (forwarded === undefined) return undefined;
    const olderHops = readXForwarded(rawHeaders);
    const older = this.#follow(olderHops, connection);
    if (forwarded.length === 0 || older === undefined) return older;
    const client = this.#follow(forwarded, { ...older, address: connection.address });
    // A proxy that writes the one header may pass on the other as it came, from anybody. They have to agree.
    const isToldTwice = olderHops.some(({ from }) => from !== undefined);
    return isToldTwice && !isSameAddress(client?.address, older.address) ? undefined : client;
  }

  #follow(hops: readonly Hop[], start: Client): Client | undefined {
    let { address, isSecure, host, isForwarded } = start;
    for (let index = hops.length - 1; index >= 0 && this.#isTrusted(address); index--) {
      const hop = hops[index] as Hop;
      isForwarded = true;
      if (hop.proto !== undefined) {
        const isProtoSecure = isSecureProtocol(hop.proto);
        if (isProtoSecure === undefined) return undefined;
        isSecure = isProtoSecure;
      }
      if (hop.host !== undefined) {
        if (!isForwardedHost(hop.host)) return undefined;
        ({ host } = hop);
      }
      if (hop.from === undefined) break;
      const from = parseNode(hop.from);
      if (from === undefined) return undefined;
      // Who that was is not told; so it is the proxy that answers for it.
      if (from === "unknown") break;
      address = from;
    }
    return { address, isSecure, host, isForwarded };
  }
}

function trustsRanges(option: readonly string[]): (address: string | undefined) => boolean {
  if (!Array.isArray(option)) {
    throw new UsageError("invalid-argument", String(option), undefined, "trustedProxies is a list or a function");
  }
  const ranges = (option as readonly unknown[]).map(requireRange);
  return (text) => {
    const address = text === undefined ? undefined : parseIpAddress(text);
    return address !== undefined && ranges.some((range) => isInRange(address, range));
  };
}

function requireRange(text: unknown): IpRange {
  const range = typeof text === "string" ? parseIpRange(text) : undefined;
  if (range !== undefined) return range;
  const hint = 'trustedProxies lists addresses as "192.0.2.1", and ranges as "10.0.0.0/8"';
  throw new UsageError("invalid-argument", String(text), undefined, hint);
}

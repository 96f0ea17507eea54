/**
 * The options of `connect` that say how a server is reached, checked at once and made into a dialer.
 */
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { WebSocketAddress } from "../protocol/index.js";
import { UsageError } from "../protocol/index.js";
import type { HeadersInput } from "../socket/index.js";
import { maxTimerMs, rawHeadersOf, wholeNumber } from "../socket/index.js";
import type { Dialer } from "../transport/index.js";
import type {
  AddressFamilyOption,
  DialerOptions,
  Environment,
  HandleTransport,
  LookupOption,
  OpenedWay,
  Proxy,
} from "../transport/node/index.js";
import {
  createDialer,
  createHttp2Dialer,
  defaultAttemptDelayMs,
  parseProxy,
  proxyFromEnvironment,
  SessionPool,
} from "../transport/node/index.js";
import { reachKey } from "./reach-key.js";

/** A proxy and what is said to it. */
export interface ProxyOptions {
  /**
   * `http:` or `https:` for a proxy that is asked by the method CONNECT, `socks5:` or `socks5h:` for a SOCKS server. User
   * name and password in it are percent-decoded and sent to the proxy.
   */
  readonly url: string | URL;
  /** Further headers of CONNECT, `Proxy-Authorization` for other schemes than Basic. Default none. */
  readonly headers?: HeadersInput;
  /**
   * Options of `tls.connect` for the way to an `https:` proxy, of which `tls` of the server has none. Certificates are
   * verified; only `rejectUnauthorized: false` changes that.
   */
  readonly tls?: ConnectionOptions;
}

/** A proxy by its URL, `false` for none, or "environment" for what the variables of the environment say. */
export type ProxyChoice = false | string | URL | ProxyOptions;

/**
 * A proxy for all servers, or a function that chooses one for a URL: `ws://host:port/path` or `wss://…`. It is asked
 * once for each request, and undefined is none.
 */
export type ProxyOption = ProxyChoice | ((url: URL) => ProxyChoice | undefined | Promise<ProxyChoice | undefined>);

/** How a server is reached. */
export interface ReachOptions {
  /**
   * Options of `tls.connect` for `wss:` URLs: `ca`, `cert`, `key`, `servername`. Certificates are verified; only
   * `rejectUnauthorized: false` changes that, neither `undefined` nor `NODE_TLS_REJECT_UNAUTHORIZED` does.
   */
  readonly tls?: ConnectionOptions;
  /**
   * A proxy that a tunnel is asked of, for `ws:` and `wss:` URLs alike. Default `false`: none, whatever the environment
   * says. What goes wrong there is a `ProxyError`.
   */
  readonly proxy?: ProxyOption;
  /**
   * The path of a Unix socket, or of a pipe of Windows, that is connected to in place of the URL's host and port; these
   * stay what `Host` says. A path that begins with NUL is in Linux's abstract namespace. Goes with neither a proxy nor
   * what is about addresses. Default none.
   */
  readonly socketPath?: string;
  /** Looks names up, the server's or the proxy's. Default `dns.lookup`. */
  readonly lookup?: LookupOption;
  /** 4 or 6 for addresses of that family only, "race" for both (RFC 8305), which is the default. */
  readonly addressFamily?: AddressFamilyOption;
  /**
   * Milliseconds after which the next address is tried while an attempt is still under way, from 10 on (RFC 8305 §5).
   * Default 250.
   */
  readonly attemptDelayMs?: number;
  /** The IP address of this machine that connections come from. Default the system's choice. */
  readonly localAddress?: string;
  /**
   * Whether WebSockets go over HTTP/2 (RFC 8441), where all to one origin, reached in the same way, share one connection.
   * `true`: they do, or there is an `Http2Error`; in clear text the server is taken to speak HTTP/2. "auto": they do where
   * a `wss:` server chooses HTTP/2 and allows WebSockets over it, otherwise it is HTTP/1.1; so it is in clear text. Default
   * `false`. A function for `proxy` is asked once for each connection then.
   */
  readonly http2?: Http2Choice;
}

/** Whether a client uses HTTP/2: always, never, or where the server does. */
export type Http2Choice = boolean | "auto";

/** One for the process, as the connections of browsers are: whoever goes the same way may share it. */
const pool = new SessionPool<OpenedWay>();

// RFC 8305 §5: "a minimum of 10 milliseconds".
const minAttemptDelayMs = 10;

/**
 * Makes the dialer.
 *
 * @param environment what "environment" refers to
 * @throws UsageError `invalid-argument`, `invalid-limit`, `header-invalid` or `header-not-allowed`
 */
export function dialerFor(
  options: ReachOptions,
  handles: HandleTransport | undefined,
  environment: Environment = process.env,
): Dialer {
  const { tls, proxy = false, socketPath, lookup, addressFamily, localAddress, http2 = false } = options;
  if (socketPath !== undefined) checkSocketPath(options);
  if (lookup !== undefined && typeof lookup !== "function") throw invalid(lookup, "lookup must be a function");
  const attemptDelayMs = wholeNumber("attemptDelayMs", options.attemptDelayMs, defaultAttemptDelayMs, maxTimerMs);
  if (attemptDelayMs < minAttemptDelayMs) {
    throw new UsageError("invalid-limit", attemptDelayMs, undefined, "attemptDelayMs must be 10 or more");
  }
  if (typeof http2 !== "boolean" && http2 !== "auto") throw invalid(http2, 'http2 must be true, false or "auto"');
  const dialerOptions: DialerOptions = {
    tls,
    proxyFor: proxyChooser(proxy, environment),
    socketPath,
    lookup,
    addressFamily: checkedFamily(addressFamily, localAddress),
    attemptDelayMs,
    localAddress,
    handles,
  };
  if (http2 === false) return createDialer(dialerOptions);
  const choice = http2 === true ? "only" : "preferred";
  return createHttp2Dialer(dialerOptions, { choice, pool, reachKey: reachKey(options, environment) });
}

/** Whether a connection may come to have TLS that is the handle transport's concern. */
export function mayHaveTls(url: string | URL, { proxy = false }: ReachOptions): boolean {
  return /^(?:wss|https):/i.test(String(url)) || proxy !== false;
}

function invalid(given: unknown, hint: string): UsageError {
  return new UsageError("invalid-argument", typeof given === "string" ? given : undefined, undefined, hint);
}

function checkSocketPath({
  socketPath,
  proxy,
  lookup,
  addressFamily,
  attemptDelayMs,
  localAddress,
}: ReachOptions): void {
  if (typeof socketPath !== "string" || socketPath === "") {
    throw invalid(undefined, "socketPath must be the path of a Unix socket or a pipe");
  }
  if (proxy !== undefined && proxy !== false) throw invalid(undefined, "a socketPath is not reached through a proxy");
  const others = { lookup, addressFamily, attemptDelayMs, localAddress };
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) throw invalid(undefined, `${name} says nothing about a socketPath`);
  }
}

/** The family of the addresses that can be reached from a local one. */
function checkedFamily(
  addressFamily: AddressFamilyOption | undefined,
  localAddress: string | undefined,
): AddressFamilyOption {
  if (addressFamily !== undefined && addressFamily !== 4 && addressFamily !== 6 && addressFamily !== "race") {
    throw invalid(String(addressFamily), 'addressFamily must be 4, 6 or "race"');
  }
  if (localAddress === undefined) return addressFamily ?? "race";
  const family = isIP(localAddress);
  if (family !== 4 && family !== 6) throw invalid(localAddress, "localAddress must be an IP address");
  if (addressFamily !== undefined && addressFamily !== "race" && addressFamily !== family) {
    throw invalid(localAddress, `localAddress is not of the addressFamily ${String(addressFamily)}`);
  }
  return family;
}

type ProxyFor = (address: WebSocketAddress) => Promise<Proxy | undefined> | Proxy | undefined;

function proxyChooser(option: ProxyOption, environment: Environment): ProxyFor | undefined {
  if (option === false) return undefined;
  if (typeof option === "function") {
    return async (address) => resolveChoice((await option(urlOf(address))) ?? false, environment)?.(address);
  }
  return resolveChoice(option, environment);
}

function resolveChoice(choice: ProxyChoice, environment: Environment): ProxyFor | undefined {
  if (choice === false) return undefined;
  if (choice === "environment") return (address) => proxyFromEnvironment(address, environment);
  const proxy = readProxy(choice);
  return () => proxy;
}

function readProxy(choice: string | URL | ProxyOptions): Proxy {
  if (typeof choice === "string" || choice instanceof URL) return parseProxy(choice, "proxy");
  // JavaScript may pass anything.
  const { url, headers, tls } = (choice ?? {}) as Partial<ProxyOptions>;
  if (typeof url !== "string" && !(url instanceof URL)) {
    throw invalid(undefined, 'proxy must be false, "environment", a URL, { url } or a function');
  }
  return parseProxy(url, "proxy", { headers: rawHeadersOf(headers), tls });
}

function urlOf({ secure, host, port, target }: WebSocketAddress): URL {
  return new URL(`${secure ? "wss" : "ws"}://${host}:${String(port)}${target}`);
}

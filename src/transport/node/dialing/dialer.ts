/**
 * The dialer of Node: finds the way to a server, goes it step by step, and gives up at any of them, leaving nothing open.
 *
 * The steps are: choosing a proxy, looking a name up, a TCP connection, TLS to the proxy, the tunnel, TLS to the server,
 * the request and its answer. Each of them settles once, in the hands of `settling`, and every socket is known to
 * `OpenedSockets`, so that there is one place where all is cut.
 */
import type { Socket as TcpSocket } from "node:net";
import { connect as connectTcp } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { checkAddress } from "../../../protocol/handshake/url.js";
import type { HandshakeRequest, WebSocketAddress } from "../../../protocol/index.js";
import type { Dialer, DialOptions, DialResult } from "../../dialer.js";
import type { Clock } from "../../platform.js";
import type { HandleTransport } from "../handle/index.js";
import { byteStreamOf } from "../http-upgrade.js";
import { nodeClock } from "../node-platform.js";
import { ConnectNegotiation } from "./connect-tunnel.js";
import { exchange } from "./exchange.js";
import type { AddressFamilyOption, LookupOption } from "./look-up.js";
import { lookUp } from "./look-up.js";
import type { Negotiation } from "./negotiation.js";
import { negotiate } from "./negotiation.js";
import { OpenedSockets } from "./opened-sockets.js";
import type { Proxy } from "./proxy.js";
import type { ProxyErrorCode } from "./proxy-error.js";
import { ProxyError } from "./proxy-error.js";
import { defaultAttemptDelayMs, interleave, race } from "./racing.js";
import { secure } from "./secure.js";
import { settling, unlessAborted } from "./settling.js";
import { SocksNegotiation } from "./socks.js";

/** How a server is reached. */
export interface DialerOptions {
  /** Options of `tls.connect` for secure addresses. Certificates are verified unless `rejectUnauthorized` is false. */
  readonly tls?: ConnectionOptions | undefined;
  /** The proxy for an address, undefined for none. Default none for any. */
  readonly proxyFor?: ((address: WebSocketAddress) => Promise<Proxy | undefined> | Proxy | undefined) | undefined;
  /** A Unix socket or a pipe of Windows, in place of the address's host and port, and of a proxy. */
  readonly socketPath?: string | undefined;
  /** Default the system's. */
  readonly lookup?: LookupOption | undefined;
  /** Default "race". */
  readonly addressFamily?: AddressFamilyOption | undefined;
  /** Milliseconds between the attempts at several addresses. Default 250. */
  readonly attemptDelayMs?: number | undefined;
  /** The address of this machine that connections come from. Default the system's choice. */
  readonly localAddress?: string | undefined;
  /** The handle transport, where it is to be used. */
  readonly handles?: HandleTransport | undefined;
  /** Default Node's. */
  readonly clock?: Clock | undefined;
}

/** A connected socket, and how many layers of TLS it has. */
export interface Way {
  readonly socket: TcpSocket;
  readonly tlsLayers: number;
}

/** Makes a dialer. */
export function createDialer(options: DialerOptions = {}): Dialer {
  return async (address, request, dialOptions) => {
    const { signal } = dialOptions;
    signal.throwIfAborted();
    // Host and port go to proxies as they are.
    checkAddress(address);
    const opened = new OpenedSockets();
    try {
      return await dial(address, request, dialOptions, options, opened);
    } catch (error) {
      opened.discardAll();
      throw error;
    }
  };
}

async function dial(
  address: WebSocketAddress,
  request: HandshakeRequest,
  dialOptions: DialOptions,
  options: DialerOptions,
  opened: OpenedSockets,
): Promise<DialResult> {
  return await upgrade(await reach(address, dialOptions, options, opened), request, dialOptions, options, opened);
}

/**
 * Goes all the way to the server, TLS with it included. Whoever calls this discards what was opened where it fails.
 *
 * @throws as a dialer does
 */
export async function reach(
  address: WebSocketAddress,
  dialOptions: Pick<DialOptions, "signal" | "maxHeaderBytes">,
  options: DialerOptions,
  opened: OpenedSockets,
): Promise<Way> {
  const way = await findWay(address, dialOptions, options, opened);
  if (!address.secure) return way;
  return await secureWay(way, bare(address.host), options.tls ?? {}, opened, dialOptions.signal);
}

/** Asks for an upgrade where a way leads. As `reach` otherwise. */
export async function upgrade(
  { socket, tlsLayers }: Way,
  request: HandshakeRequest,
  dialOptions: DialOptions,
  options: DialerOptions,
  opened: OpenedSockets,
): Promise<DialResult> {
  const result = await exchange(socket, request, dialOptions);
  if (!result.isUpgraded) {
    opened.discardAll();
    return result;
  }
  // It may have been aborted after the answer, and before anybody was told of it.
  dialOptions.signal.throwIfAborted();
  // TLS within TLS is not among what the handle transport has tried on itself.
  const stream = byteStreamOf(socket, result.head, tlsLayers > 1 ? undefined : options.handles);
  opened.release(socket);
  return { isUpgraded: true, response: result.response, stream };
}

async function findWay(
  address: WebSocketAddress,
  { signal, maxHeaderBytes }: Pick<DialOptions, "signal" | "maxHeaderBytes">,
  options: DialerOptions,
  opened: OpenedSockets,
): Promise<Way> {
  if (options.socketPath !== undefined) {
    return { socket: await connectLocally(options.socketPath, opened, signal), tlsLayers: 0 };
  }
  const chosen = options.proxyFor?.(address);
  const proxy = chosen instanceof Promise ? await unlessAborted(signal, chosen) : chosen;
  if (proxy === undefined) {
    return { socket: await connectTo(bare(address.host), address.port, options, opened, signal), tlsLayers: 0 };
  }
  const negotiations = await negotiationsWith(proxy, address, maxHeaderBytes, options, signal);
  for (const [index, negotiation] of negotiations.entries()) {
    const way = await reachProxy(proxy, options, opened, signal);
    try {
      await negotiate(way.socket, negotiation, proxy.name, signal);
      return way;
    } catch (error) {
      const mayGoOn = error instanceof ProxyError && codesOfOneAddress.has(error.code);
      if (!mayGoOn || index === negotiations.length - 1) throw error;
      opened.discardAll();
    }
  }
  throw new Error("a look-up gave no address");
}

/** What a SOCKS server says of one address of a server, and may not say of the next. */
const codesOfOneAddress: ReadonlySet<ProxyErrorCode> = new Set([
  "socks-network-unreachable",
  "socks-host-unreachable",
  "socks-connection-refused",
  "socks-ttl-expired",
  "socks-address-type-not-supported",
]);

/** A connection to the proxy; what goes wrong there must not look as if it were about the server. */
async function reachProxy(
  proxy: Proxy,
  options: DialerOptions,
  opened: OpenedSockets,
  signal: AbortSignal,
): Promise<Way> {
  try {
    const way: Way = { socket: await connectTo(proxy.host, proxy.port, options, opened, signal), tlsLayers: 0 };
    if (proxy.kind === "socks" || !proxy.secure) return way;
    return await secureWay(way, proxy.host, proxy.tls, opened, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new ProxyError(proxy.name, { code: "proxy-unreachable", cause });
  }
}

/** @returns what the proxy is asked, one after the other, until it makes a tunnel; at least one */
async function negotiationsWith(
  proxy: Proxy,
  address: WebSocketAddress,
  maxHeaderBytes: number,
  options: DialerOptions,
  signal: AbortSignal,
): Promise<readonly Negotiation[]> {
  const { host, port } = address;
  if (proxy.kind === "http") {
    const { authorization, headers } = proxy;
    return [new ConnectNegotiation({ host, port, authorization, headers }, maxHeaderBytes)];
  }
  if (proxy.looksUp) return [new SocksNegotiation(bare(host), port, proxy.credentials)];
  const addresses = await lookUp(bare(host), options.addressFamily ?? "race", options.lookup, signal);
  return interleave(addresses).map((one) => new SocksNegotiation(one.address, port, proxy.credentials));
}

async function connectTo(
  host: string,
  port: number,
  options: DialerOptions,
  opened: OpenedSockets,
  signal: AbortSignal,
): Promise<TcpSocket> {
  const { localAddress, addressFamily = "race", lookup, clock = nodeClock } = options;
  const { attemptDelayMs = defaultAttemptDelayMs } = options;
  const addresses = await lookUp(host, addressFamily, lookup, signal);
  return await race(addresses, { port, attemptDelayMs, localAddress, clock }, opened, signal);
}

function connectLocally(path: string, opened: OpenedSockets, signal: AbortSignal): Promise<TcpSocket> {
  return settling(signal, (resolve, reject) => {
    const socket = opened.add(connectTcp({ path, allowHalfOpen: true }));
    const onConnect = (): void => resolve(socket);
    socket.once("connect", onConnect);
    socket.once("error", reject);
    return () => {
      socket.off("connect", onConnect);
      socket.off("error", reject);
    };
  });
}

async function secureWay(
  { socket, tlsLayers }: Way,
  host: string,
  tls: ConnectionOptions,
  opened: OpenedSockets,
  signal: AbortSignal,
): Promise<Way> {
  return { socket: await secure(socket, host, tls, opened, signal), tlsLayers: tlsLayers + 1 };
}

/** An IPv6 address has brackets in a URL and none in a look-up. */
function bare(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

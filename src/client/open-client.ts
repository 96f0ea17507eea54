/**
 * The client, however it reaches its server.
 */
import type { OfferedExtension } from "../protocol/index.js";
import {
  confirmExtensions,
  DeflateClientExtension,
  ExtensionChain,
  formatExtensions,
  readConnectResponse,
  readUpgradeResponse,
  UpgradeResponseError,
} from "../protocol/index.js";
import type {
  HeadersInput,
  Observer,
  ResolvedSocketOptions,
  SocketContext,
  SocketDetails,
  SocketHandlers,
  SocketOptions,
} from "../socket/index.js";
import {
  checkHandlers,
  createCompression,
  createSocketContext,
  maxTimerMs,
  resolveSocketOptions,
  wholeNumber,
} from "../socket/index.js";
import type { ByteStream, Dialer, Platform } from "../transport/index.js";
import type { Answer } from "./attempt.js";
import { abandon, attempt, prepareHop } from "./attempt.js";
import type { ClientSocket } from "./client-socket.js";
import { ClientEndpoint } from "./client-socket.js";
import type { CookieJar } from "./cookies.js";
import { checkCookieJar } from "./cookies.js";
import { ProtocolMissingError, UpgradeRefusedError } from "./errors.js";
import type { UrlCredentialsOption } from "./hop.js";
import { firstHop, resolveUrlCredentials } from "./hop.js";
import { tellNotOpened } from "./not-opened.js";
import { Patience } from "./patience.js";
import type { RedirectOptions, ResolvedRedirects } from "./redirects.js";
import { resolveRedirects } from "./redirects.js";

/** Everything about a client but how it reaches its server. */
export interface ClientOptions extends SocketOptions, SocketHandlers {
  /** Subprotocols to ask for, the most wanted first. Default none. */
  readonly protocols?: string | readonly string[];
  /** Further headers of the request: `Authorization`, `Cookie`, `Origin`. */
  readonly headers?: HeadersInput;
  /** Gives up when it is aborted before the connection is open; `connect` rejects with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds that reaching the server and the opening handshake may take, with all redirects and all that the cookie
   * jar takes. Default 10,000.
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * Follows redirects, and how: `{}` for up to five of them. Default: they are refusals, as any answer but 101. To
   * another origin (scheme, host or port) go no credentials, and of `headers` only what is known to be harmless.
   */
  readonly redirects?: RedirectOptions;
  /** Whose cookies are sent, and which keeps those of every answer, be it a refusal or a redirect. Default none. */
  readonly cookieJar?: CookieJar;
  /**
   * What becomes of user name and password in the URL. "basic" (the default): they are sent as `Authorization: Basic …`
   * (RFC 7617), unless `headers` has an `Authorization`. "ignore": nothing.
   */
  readonly urlCredentials?: UrlCredentialsOption;
}

// Name look-up, TCP, TLS and the upgrade: a few round trips, some of them lost.
const defaultHandshakeTimeoutMs = 10_000;
// Enough for what an API has to say about why it refused.
const maxRefusalBodyBytes = 64 * 1024;

/** Makes the socket of a connection that is established. Must not throw. */
export type EndpointMaker = (
  context: SocketContext<undefined>,
  stream: ByteStream,
  details: SocketDetails<undefined>,
  url: string,
) => ClientEndpoint;

/** What the WHATWG interfaces want otherwise. */
export interface OpenHooks {
  /** Makes the socket; default an ordinary one. */
  readonly makeEndpoint?: EndpointMaker;
  /**
   * Whether a server must choose one of the subprotocols, where some are asked for (WebSockets §2.2). Default false:
   * RFC 6455 lets it choose none.
   */
  readonly requiresProtocol?: boolean;
}

/**
 * Connects.
 *
 * @throws UsageError for a URL or an option that makes no sense; UpgradeRefusedError, UpgradeResponseError,
 *   ConnectError, HandshakeTimeoutError, RedirectError, CookieJarError, or the signal's reason
 */
export async function openClient(
  url: string | URL,
  options: ClientOptions,
  platform: Platform,
  dial: Dialer,
  observer?: Observer,
  hooks: OpenHooks = {},
): Promise<ClientSocket> {
  const { resolved, timeoutMs, redirects } = resolveClientOptions(options);
  const { cookieJar: jar, signal } = options;
  const hop = firstHop(url, options);
  const offered = offerExtensions(resolved, platform);
  let patience: Patience | undefined;
  try {
    const extensions = offered.flatMap(({ offers }) => offers);
    const first = prepareHop(hop, extensions, platform);
    const dialLimits = { maxHeaderBytes: resolved.limits.maxHeaderBytes, maxBodyBytes: maxRefusalBodyBytes };
    patience = new Patience(signal, timeoutMs, platform.clock);
    const answer = await attempt(first, { extensions, platform, dial, dialLimits, patience, jar, redirects });
    try {
      patience.signal.throwIfAborted();
      // A dialer may still listen to it, and must not take an open connection for one that is given up.
      patience.end();
      return open(answer, offered, options, resolved, platform, observer, hooks);
    } catch (error) {
      abandon(answer.result);
      throw error;
    }
  } catch (error) {
    tellNotOpened(observer, error);
    for (const extension of offered) extension.cancel();
    throw error;
  } finally {
    patience?.end();
  }
}

/** A client's options, checked. */
export interface ResolvedClientOptions {
  readonly resolved: ResolvedSocketOptions;
  readonly timeoutMs: number;
  /** Undefined where none is followed. */
  readonly redirects: ResolvedRedirects | undefined;
}

/**
 * Checks what can be checked before there is an address.
 *
 * @throws UsageError for an option that makes no sense; TypeError for headers that are none
 */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const { handshakeTimeoutMs } = options;
  checkHandlers(options);
  checkCookieJar(options.cookieJar);
  resolveUrlCredentials(options.urlCredentials);
  return {
    resolved: resolveSocketOptions(options),
    timeoutMs: wholeNumber("handshakeTimeoutMs", handshakeTimeoutMs, defaultHandshakeTimeoutMs, maxTimerMs),
    redirects: resolveRedirects(options.redirects),
  };
}

/**
 * Checks what `openClient` would refuse before it asks anybody, for those who call it later.
 *
 * @throws UsageError for a URL or an option that makes no sense; TypeError for headers that are none
 */
export function checkClient(url: string | URL, options: ClientOptions, platform: Platform): void {
  resolveClientOptions(options);
  prepareHop(firstHop(url, options), [], platform);
}

function offerExtensions({ perMessageDeflate }: ResolvedSocketOptions, platform: Platform): OfferedExtension[] {
  const compression = createCompression(perMessageDeflate, platform);
  if (compression === undefined || perMessageDeflate === undefined) return [];
  return [new DeflateClientExtension(compression, perMessageDeflate.wanted).offer()];
}

/** Opens the socket, or throws; RFC 6455 §4.1 and RFC 7692 §5: "the client MUST _Fail the WebSocket Connection_". */
function open(
  { result, hop }: Answer,
  offered: readonly OfferedExtension[],
  options: ClientOptions,
  resolved: ResolvedSocketOptions,
  platform: Platform,
  observer: Observer | undefined,
  hooks: OpenHooks,
): ClientSocket {
  const { response } = result;
  // A 101 that lacks the headers of an upgrade looks like an ordinary response to HTTP, and breaks the protocol here.
  if (!result.isUpgraded && response.status !== 101) {
    throw new UpgradeRefusedError(response.status, response.rawHeaders, result.body);
  }
  const isConnect = result.isUpgraded && result.isConnect === true;
  const read = (isConnect ? readConnectResponse : readUpgradeResponse)(response, hop.sent, resolved.limits);
  if (!read.ok) throw read.error;
  if (!result.isUpgraded) throw new UpgradeRefusedError(response.status, response.rawHeaders, result.body);
  const context = createSocketContext("client", platform, resolved, options, observer);
  const { protocol, extensions } = read.handshake;
  if (hooks.requiresProtocol === true && protocol === "" && hop.protocols.length > 0) throw new ProtocolMissingError();
  const confirmed = confirmExtensions(extensions, offered);
  if ("fault" in confirmed) {
    throw new UpgradeResponseError("response-extension-parameters", `${confirmed.extension}; ${confirmed.parameter}`);
  }
  const chain = confirmed.length === 0 ? undefined : new ExtensionChain(confirmed);
  const details = { protocol, extensions: formatExtensions(extensions), chain, data: undefined };
  const { href } = hop.url;
  const endpoint =
    hooks.makeEndpoint?.(context, result.stream, details, href) ??
    new ClientEndpoint(context, result.stream, details, href);
  endpoint.open();
  return endpoint;
}

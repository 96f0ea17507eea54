/**
 * The client, however it reaches its server.
 */

import type { HandshakeRequest, OfferedExtension, SentUpgradeRequest, WebSocketAddress } from "../protocol/index.js";
import {
  confirmExtensions,
  createKey,
  createUpgradeRequest,
  DeflateClientExtension,
  ExtensionChain,
  formatExtensions,
  readUpgradeResponse,
  resolveLimits,
  UpgradeResponseError,
  UsageError,
  webSocketAddress,
} from "../protocol/index.js";
import type {
  HeadersInput,
  Observer,
  ResolvedSocketOptions,
  Socket,
  SocketContext,
  SocketDetails,
  SocketHandlers,
  SocketOptions,
} from "../socket/index.js";
import {
  createCompression,
  createSocketContext,
  Endpoint,
  maxTimerMs,
  rawHeadersOf,
  resolveSocketOptions,
  wholeNumber,
} from "../socket/index.js";
import type { ByteStream, Dialer, DialResult, Platform } from "../transport/index.js";
import { ConnectError, HandshakeTimeoutError, ProtocolMissingError, UpgradeRefusedError } from "./errors.js";
import { tellNotOpened } from "./not-opened.js";

/** Everything about a client but how it reaches its server. */
export interface ClientOptions extends SocketOptions, SocketHandlers {
  /** Subprotocols to ask for, the most wanted first. Default none. */
  readonly protocols?: string | readonly string[];
  /** Further headers of the request: `Authorization`, `Cookie`, `Origin`. */
  readonly headers?: HeadersInput;
  /** Gives up when it is aborted before the connection is open; `connect` rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds that reaching the server and the opening handshake may take. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
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
) => Endpoint<undefined>;

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
 *   ConnectError, HandshakeTimeoutError, or the signal's reason
 */
export async function openClient(
  url: string | URL,
  options: ClientOptions,
  platform: Platform,
  dial: Dialer,
  observer?: Observer,
  hooks: OpenHooks = {},
): Promise<Socket> {
  const { resolved, timeoutMs, headers } = resolveClientOptions(options);
  const address = parseAddress(url);
  const protocols = typeof options.protocols === "string" ? [options.protocols] : (options.protocols ?? []);
  const key = createKey(platform.randomBytes(16));
  const offered = offerExtensions(resolved, platform);
  try {
    const extensions = offered.flatMap(({ offers }) => offers);
    const request = createUpgradeRequest({ ...address, key, protocols, extensions, headers });
    const result = await reach(url, address, request, options, timeoutMs, platform, dial);
    return open(result, { key, protocols, extensions }, offered, options, resolved, platform, observer, hooks);
  } catch (error) {
    tellNotOpened(observer, error);
    for (const extension of offered) extension.cancel();
    throw error;
  }
}

/** A client's options, checked. */
export interface ResolvedClientOptions {
  readonly resolved: ResolvedSocketOptions;
  readonly timeoutMs: number;
  readonly headers: string[];
}

/**
 * Checks what can be checked before there is an address.
 *
 * @throws UsageError for an option that makes no sense; TypeError for headers that are none
 */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const { handshakeTimeoutMs } = options;
  return {
    resolved: resolveSocketOptions(options),
    timeoutMs: wholeNumber("handshakeTimeoutMs", handshakeTimeoutMs, defaultHandshakeTimeoutMs, maxTimerMs),
    headers: rawHeadersOf(options.headers),
  };
}

function offerExtensions({ perMessageDeflate }: ResolvedSocketOptions, platform: Platform): OfferedExtension[] {
  const compression = createCompression(perMessageDeflate, platform);
  if (compression === undefined || perMessageDeflate === undefined) return [];
  return [new DeflateClientExtension(compression, perMessageDeflate.wanted).offer()];
}

/** Dials; what goes wrong is a `ConnectError`, but for the deadline and the caller's own reason. */
async function reach(
  url: string | URL,
  address: WebSocketAddress,
  request: HandshakeRequest,
  options: ClientOptions,
  timeoutMs: number,
  platform: Platform,
  dial: Dialer,
): Promise<DialResult> {
  const maxHeaderBytes = resolveLimits(options.limits).maxHeaderBytes;
  return await dialWithDeadline(options.signal, timeoutMs, platform, (signal) =>
    dial(address, request, { signal, maxHeaderBytes, maxBodyBytes: maxRefusalBodyBytes }),
  ).catch((error: unknown) => {
    if (
      error instanceof HandshakeTimeoutError ||
      (options.signal?.aborted === true && error === options.signal.reason)
    ) {
      throw error;
    }
    throw new ConnectError(String(url), error);
  });
}

function parseAddress(url: string | URL): WebSocketAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new UsageError("url-invalid", String(url));
  }
  return webSocketAddress(parsed);
}

/** Dials, and gives up when the deadline passes or the caller's signal is aborted. */
async function dialWithDeadline(
  signal: AbortSignal | undefined,
  timeoutMs: number,
  platform: Platform,
  dial: (signal: AbortSignal) => Promise<DialResult>,
): Promise<DialResult> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = platform.clock.setTimer(() => controller.abort(new HandshakeTimeoutError(timeoutMs)), timeoutMs);
  try {
    return await dial(controller.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", abort);
  }
}

function open(
  result: DialResult,
  sent: SentUpgradeRequest,
  offered: readonly OfferedExtension[],
  options: ClientOptions,
  resolved: ResolvedSocketOptions,
  platform: Platform,
  observer: Observer | undefined,
  hooks: OpenHooks,
): Socket {
  const { response } = result;
  // A 101 that lacks the headers of an upgrade looks like an ordinary response to HTTP, and breaks the protocol here.
  if (!result.isUpgraded && response.status !== 101) {
    throw new UpgradeRefusedError(response.status, response.rawHeaders, result.body);
  }
  const read = readUpgradeResponse(response, sent, resolved.limits);
  if (!read.ok) {
    // RFC 6455 §4.1: "the client MUST _Fail the WebSocket Connection_".
    if (result.isUpgraded) result.stream.destroy();
    throw read.error;
  }
  if (!result.isUpgraded) throw new UpgradeRefusedError(response.status, response.rawHeaders, result.body);
  const context = createSocketContext("client", platform, resolved, options, observer);
  const { protocol, extensions } = read.handshake;
  if (hooks.requiresProtocol === true && protocol === "" && sent.protocols !== undefined && sent.protocols.length > 0) {
    result.stream.destroy();
    throw new ProtocolMissingError();
  }
  const confirmed = confirmExtensions(extensions, offered);
  if ("fault" in confirmed) {
    // RFC 7692 §5: "the client MUST _Fail the WebSocket Connection_".
    result.stream.destroy();
    throw new UpgradeResponseError("response-extension-parameters", `${confirmed.extension}; ${confirmed.parameter}`);
  }
  const chain = confirmed.length === 0 ? undefined : new ExtensionChain(confirmed);
  const details = { protocol, extensions: formatExtensions(extensions), chain, data: undefined };
  const endpoint =
    hooks.makeEndpoint?.(context, result.stream, details) ?? new Endpoint(context, result.stream, details);
  endpoint.open();
  return endpoint;
}

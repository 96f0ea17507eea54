/**
 * The client reads the server's half of the opening handshake (RFC 6455 §4.1, "The client MUST validate the server's
 * response as follows").
 */
import type { Limits } from "../limits.js";
import { isToken } from "./characters.js";
import { UpgradeResponseError } from "./errors.js";
import { type ExtensionOffer, parseExtensions } from "./extension-header.js";
import { hasToken, headerValues, matchesIgnoringCase, measureHeaders } from "./headers.js";
import { acceptValue } from "./key.js";
import { type HandshakeResponse, isHttp11OrHigher, type RawHeaders } from "./message.js";

/** What the client's request said: the options it was made from fit. */
export interface SentUpgradeRequest {
  readonly key: string;
  /** The subprotocols asked for. */
  readonly protocols?: readonly string[] | undefined;
  /** The extensions offered. */
  readonly extensions?: readonly ExtensionOffer[] | undefined;
}

/** What the server agreed to. */
export interface UpgradeResponse {
  /**
   * The subprotocol in use; the empty string where the server chose none, which RFC 6455 allows even where some were
   * asked for.
   */
  readonly protocol: string;
  /**
   * The extensions in use, in the order in which they apply. Each was offered; whether its parameters answer the offer
   * is for the extension to judge, and the connection fails where they do not.
   */
  readonly extensions: readonly ExtensionOffer[];
}

/** What `readUpgradeResponse` found. */
export type UpgradeResponseResult =
  | { readonly ok: true; readonly handshake: UpgradeResponse }
  | { readonly ok: false; readonly error: UpgradeResponseError };

/**
 * Checks a response against every rule of RFC 6455 §4.1 and §4.2.2. When it passes, "_The WebSocket Connection is
 * Established_"; when it does not, "the client MUST _Fail the WebSocket Connection_".
 *
 * @param response the head of the response, from any HTTP parser
 * @param sent what the request said
 * @param limits of which `maxHeaderCount` and `maxHeaderBytes` count here
 * @returns never throws, whatever the response; `response-status` is a server that speaks HTTP and declines
 */
export function readUpgradeResponse(
  response: HandshakeResponse,
  sent: SentUpgradeRequest,
  limits: Limits,
): UpgradeResponseResult {
  const { rawHeaders } = response;
  const error =
    checkStatusLine(response) ??
    checkResponseLimits(rawHeaders, limits) ??
    checkUpgrade(rawHeaders) ??
    checkConnection(rawHeaders) ??
    checkAccept(rawHeaders, sent);
  return error === undefined ? readChoice(rawHeaders, sent) : { ok: false, error };
}

/** Reads what the server chose, which is told in the same way over every version of HTTP. */
export function readChoice(rawHeaders: RawHeaders, sent: Omit<SentUpgradeRequest, "key">): UpgradeResponseResult {
  const protocol = readProtocol(rawHeaders, sent);
  if (protocol instanceof UpgradeResponseError) return { ok: false, error: protocol };
  const extensions = readExtensions(rawHeaders, sent);
  if (extensions instanceof UpgradeResponseError) return { ok: false, error: extensions };
  return { ok: true, handshake: { protocol, extensions } };
}

/**
 * RFC 6455 §4.1, 1: "If the status code received from the server is not 101, the client handles the response per HTTP
 * [RFC2616] procedures."
 */
function checkStatusLine({ status, httpVersion }: HandshakeResponse): UpgradeResponseError | undefined {
  if (status !== 101) return new UpgradeResponseError("response-status", status);
  return isHttp11OrHigher(httpVersion) ? undefined : new UpgradeResponseError("response-http-version", httpVersion);
}

/** RFC 6455 §10.4: what a peer may make us hold has a limit. */
export function checkResponseLimits(rawHeaders: RawHeaders, limits: Limits): UpgradeResponseError | undefined {
  const { count, bytes } = measureHeaders(rawHeaders);
  const { maxHeaderCount, maxHeaderBytes } = limits;
  if (count > maxHeaderCount) return new UpgradeResponseError("response-header-count", count, maxHeaderCount);
  if (bytes > maxHeaderBytes) return new UpgradeResponseError("response-header-bytes", bytes, maxHeaderBytes);
  return undefined;
}

/**
 * RFC 6455 §4.1, 2: "If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value
 * that is not an ASCII case-insensitive match for the value "websocket", the client MUST _Fail the WebSocket
 * Connection_." So, unlike in a request, it is no list.
 */
function checkUpgrade(rawHeaders: RawHeaders): UpgradeResponseError | undefined {
  const values = headerValues(rawHeaders, "upgrade");
  if (values.length === 0) return new UpgradeResponseError("response-upgrade-missing");
  const value = values.join(", ");
  if (matchesIgnoringCase(value, "websocket")) return undefined;
  return new UpgradeResponseError("response-upgrade-other", value);
}

/**
 * RFC 6455 §4.1, 3: "If the response lacks a |Connection| header field or the |Connection| header field doesn't contain
 * a token that is an ASCII case-insensitive match for the value "Upgrade", the client MUST _Fail the WebSocket
 * Connection_."
 */
function checkConnection(rawHeaders: RawHeaders): UpgradeResponseError | undefined {
  const values = headerValues(rawHeaders, "connection");
  return hasToken(values, "upgrade") ? undefined : new UpgradeResponseError("response-connection", values.join(", "));
}

/**
 * RFC 6455 §4.1, 4: "If the response lacks a |Sec-WebSocket-Accept| header field or the |Sec-WebSocket-Accept| contains
 * a value other than the base64-encoded SHA-1 of the concatenation of the |Sec-WebSocket-Key| […] with the string
 * "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading and trailing whitespace, the client MUST _Fail the
 * WebSocket Connection_."
 */
function checkAccept(rawHeaders: RawHeaders, { key }: SentUpgradeRequest): UpgradeResponseError | undefined {
  const [accept, ...others] = headerValues(rawHeaders, "sec-websocket-accept");
  if (accept === undefined) return new UpgradeResponseError("response-accept-missing");
  // RFC 6455 §11.3.3: it "MUST NOT appear more than once in an HTTP response".
  if (others.length > 0) return new UpgradeResponseError("response-accept-repeated", others.length + 1);
  return accept === acceptValue(key) ? undefined : new UpgradeResponseError("response-accept-wrong", accept);
}

/**
 * RFC 6455 §4.1, 6: "If the response includes a |Sec-WebSocket-Protocol| header field and this header field indicates
 * the use of a subprotocol that was not present in the client's handshake […], the client MUST _Fail the WebSocket
 * Connection_."
 */
function readProtocol(rawHeaders: RawHeaders, sent: Omit<SentUpgradeRequest, "key">): string | UpgradeResponseError {
  const [protocol, ...others] = headerValues(rawHeaders, "sec-websocket-protocol");
  if (protocol === undefined) return "";
  // RFC 6455 §11.3.4: it "MUST NOT appear more than once in an HTTP response".
  if (others.length > 0) return new UpgradeResponseError("response-protocol-repeated", others.length + 1);
  // RFC 6455 §4.3: Sec-WebSocket-Protocol-Server = token. Two of them in one line are not one.
  if (!isToken(protocol)) return new UpgradeResponseError("response-protocol-malformed", protocol);
  if (sent.protocols?.includes(protocol) === true) return protocol;
  return new UpgradeResponseError("response-protocol-not-requested", protocol);
}

/**
 * RFC 6455 §4.1, 5: "If the response includes a |Sec-WebSocket-Extensions| header field and this header field indicates
 * the use of an extension that was not present in the client's handshake […], the client MUST _Fail the WebSocket
 * Connection_."
 *
 * Several lines are taken as one. §11.3.2 says that a server must not send them, but §4.2.2 says that extensions may be
 * "split between multiple instances of the |Sec-WebSocket-Extensions| header field", and a server that read that
 * sentence is not at fault.
 */
function readExtensions(
  rawHeaders: RawHeaders,
  sent: Omit<SentUpgradeRequest, "key">,
): readonly ExtensionOffer[] | UpgradeResponseError {
  const values = headerValues(rawHeaders, "sec-websocket-extensions");
  const header = parseExtensions(values);
  if (!header.ok) return new UpgradeResponseError("response-extensions-malformed", values[header.line]);
  const offered = new Set(sent.extensions?.map(({ name }) => name));
  const accepted = new Set<string>();
  for (const { name } of header.extensions) {
    if (!offered.has(name)) return new UpgradeResponseError("response-extension-not-offered", name);
    if (accepted.has(name)) return new UpgradeResponseError("response-extension-repeated", name);
    accepted.add(name);
  }
  return header.extensions;
}

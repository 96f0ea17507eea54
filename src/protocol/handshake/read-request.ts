/**
 * The server reads the client's half of the opening handshake (RFC 6455 §4.2.1).
 */
import type { Limits } from "../limits.js";
import { lowercaseAscii } from "./characters.js";
import { type UpgradeRequestCode, UpgradeRequestError } from "./errors.js";
import { type ExtensionOffer, parseExtensions } from "./extension-header.js";
import { hasToken, headerValues, measureHeaders } from "./headers.js";
import { isKey } from "./key.js";
import { type HandshakeRequest, isHttp11OrHigher, type RawHeaders } from "./message.js";
import { parseProtocols } from "./subprotocol.js";
import { isSameAuthority, parseAuthority, parseRequestTarget, type RequestTarget } from "./url.js";

/** What a client asks for. */
export interface UpgradeRequest {
  /** The value of `Sec-WebSocket-Key`. */
  readonly key: string;
  /** The value of `Host`: a host, and a port unless it is the default one. */
  readonly host: string;
  /**
   * The resource name (RFC 6455 §3), taken out of an absolute Request-URI where that was sent: "/" and what follows,
   * with the query. It may begin with "//", so join it to an origin as a string; resolving it as a relative reference
   * would read a host out of it.
   */
  readonly target: string;
  /** The origin of the script, in lower case as RFC 6455 §4.2.2 has it; `undefined` when the client sent none. */
  readonly origin: string | undefined;
  /** The subprotocols asked for, the most wanted first. */
  readonly protocols: readonly string[];
  /** The extensions offered, the most wanted first. */
  readonly extensions: readonly ExtensionOffer[];
}

/** What `readUpgradeRequest` found. */
export type UpgradeRequestResult =
  | { readonly ok: true; readonly handshake: UpgradeRequest }
  | { readonly ok: false; readonly error: UpgradeRequestError };

/**
 * Checks a request against every rule of RFC 6455 §4.2.1, and takes from it what the server needs.
 *
 * "If the server, while reading the handshake, finds that the client did not send a handshake that matches the
 * description below […], the server MUST stop processing the client's handshake and return an HTTP response with an
 * appropriate error code (such as 400 Bad Request)": give the error to `writeRefusal`. On success decide whether to
 * accept (§4.2.2) and answer with `writeUpgradeResponse` or `writeRefusal`.
 *
 * @param request the head of the request, from any HTTP parser
 * @param limits of which `maxHeaderCount` and `maxHeaderBytes` count here
 * @returns never throws, whatever the request
 */
export function readUpgradeRequest(request: HandshakeRequest, limits: Limits): UpgradeRequestResult {
  const { rawHeaders } = request;
  // The order decides what a request with several faults is told. Ordinary HTTP comes first: a browser that opens the
  // address is told that this is a WebSocket endpoint, and not that its key is missing.
  const error =
    checkLimits(rawHeaders, limits) ??
    checkMethod(request) ??
    checkUpgrade(rawHeaders) ??
    checkHttpVersion(request) ??
    checkConnection(rawHeaders) ??
    checkBody(rawHeaders) ??
    checkVersion(rawHeaders);
  if (error !== undefined) return { ok: false, error };

  const target = readTarget(request.target);
  if (target instanceof UpgradeRequestError) return { ok: false, error: target };
  const host = readHost(rawHeaders, target);
  if (host instanceof UpgradeRequestError) return { ok: false, error: host };
  const key = readKey(rawHeaders);
  if (key instanceof UpgradeRequestError) return { ok: false, error: key };
  const origin = readOrigin(rawHeaders);
  if (origin instanceof UpgradeRequestError) return { ok: false, error: origin };
  const protocols = readProtocols(rawHeaders);
  if (protocols instanceof UpgradeRequestError) return { ok: false, error: protocols };
  const extensions = readExtensions(rawHeaders);
  if (extensions instanceof UpgradeRequestError) return { ok: false, error: extensions };
  return { ok: true, handshake: { key, host, target: target.resourceName, origin, protocols, extensions } };
}

function checkLimits(rawHeaders: RawHeaders, limits: Limits): UpgradeRequestError | undefined {
  const { count, bytes } = measureHeaders(rawHeaders);
  const { maxHeaderCount, maxHeaderBytes } = limits;
  if (count > maxHeaderCount) return new UpgradeRequestError("request-header-count", count, maxHeaderCount);
  if (bytes > maxHeaderBytes) return new UpgradeRequestError("request-header-bytes", bytes, maxHeaderBytes);
  return undefined;
}

/** RFC 6455 §4.1: "The method of the request MUST be GET". Methods are case-sensitive (RFC 9110 §9.1). */
function checkMethod({ method }: HandshakeRequest): UpgradeRequestError | undefined {
  return method === "GET" ? undefined : new UpgradeRequestError("request-method", method);
}

/** RFC 6455 §4.1: "an |Upgrade| header field whose value MUST include the "websocket" keyword". */
function checkUpgrade(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
  const values = headerValues(rawHeaders, "upgrade");
  if (values.length === 0) return new UpgradeRequestError("request-upgrade-missing");
  if (!hasToken(values, "websocket")) return new UpgradeRequestError("request-upgrade-other", values.join(", "));
  return undefined;
}

/** RFC 6455 §4.1: "the HTTP version MUST be at least 1.1". */
function checkHttpVersion({ httpVersion }: HandshakeRequest): UpgradeRequestError | undefined {
  return isHttp11OrHigher(httpVersion) ? undefined : new UpgradeRequestError("request-http-version", httpVersion);
}

/** RFC 6455 §4.1: "a |Connection| header field whose value MUST include the "Upgrade" token". */
function checkConnection(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
  const values = headerValues(rawHeaders, "connection");
  return hasToken(values, "upgrade") ? undefined : new UpgradeRequestError("request-connection", values.join(", "));
}

/**
 * RFC 9110 §9.3.1: "content received in a GET request has no generally defined semantics […] and might lead some
 * implementations to reject the request and close the connection because of its potential as a request smuggling
 * attack". After an upgrade the octets of a body would be taken for frames, or frames for a body.
 */
function checkBody(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
  const codings = headerValues(rawHeaders, "transfer-encoding");
  if (codings.length > 0) return new UpgradeRequestError("request-body", codings.join(", "));
  const length = headerValues(rawHeaders, "content-length").find((value) => value !== "0");
  return length === undefined ? undefined : new UpgradeRequestError("request-body", length);
}

/** RFC 6455 §4.1: "The value of this header field MUST be 13." Comes before the key: other versions have other keys. */
function checkVersion(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
  const version = readSingle(
    rawHeaders,
    "sec-websocket-version",
    "request-version-missing",
    "request-version-repeated",
  );
  if (version instanceof UpgradeRequestError) return version;
  if (version === "13") return undefined;
  // RFC 6455 §4.2.2: "the server MUST abort the WebSocket handshake […] and instead send an appropriate HTTP error
  // code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header field".
  return new UpgradeRequestError("request-version-unsupported", version);
}

function readTarget(target: string): RequestTarget | UpgradeRequestError {
  if (target.includes("#")) return new UpgradeRequestError("request-target-fragment", target);
  return parseRequestTarget(target) ?? new UpgradeRequestError("request-target", target);
}

/**
 * RFC 6455 §4.1: "The request MUST contain a |Host| header field", and an absolute Request-URI must name the same
 * host and port. Where they differ, whatever checks one would be passed by the other.
 */
function readHost(rawHeaders: RawHeaders, target: RequestTarget): string | UpgradeRequestError {
  // RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
  // lacks a Host header field and to any request message that contains more than one Host header field line or a Host
  // header field with an invalid field value."
  const host = readSingle(rawHeaders, "host", "request-host-missing", "request-host-repeated");
  if (host instanceof UpgradeRequestError) return host;
  if (host === "") return new UpgradeRequestError("request-host-missing");
  const authority = parseAuthority(host);
  if (authority === undefined) return new UpgradeRequestError("request-host-malformed", host);
  if (target.authority !== undefined && !isSameAuthority(target.authority, authority, target.defaultPort)) {
    return new UpgradeRequestError("request-host-mismatch", host);
  }
  return host;
}

/** RFC 6455 §11.3.1: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request." */
function readKey(rawHeaders: RawHeaders): string | UpgradeRequestError {
  const key = readSingle(rawHeaders, "sec-websocket-key", "request-key-missing", "request-key-repeated");
  if (key instanceof UpgradeRequestError || isKey(key)) return key;
  return new UpgradeRequestError("request-key-malformed", key);
}

/**
 * RFC 6454 §7.3: "the user agent MUST NOT include more than one Origin header field in any HTTP request". With two,
 * the one that is checked need not be the one that is meant.
 */
function readOrigin(rawHeaders: RawHeaders): string | undefined | UpgradeRequestError {
  const [origin, ...others] = headerValues(rawHeaders, "origin");
  if (others.length > 0) return new UpgradeRequestError("request-origin-repeated", others.length + 1);
  // RFC 6455 §4.2.2: "The origin is serialized to ASCII and converted to lowercase."
  return origin === undefined ? undefined : lowercaseAscii(origin);
}

function readProtocols(rawHeaders: RawHeaders): readonly string[] | UpgradeRequestError {
  const list = parseProtocols(headerValues(rawHeaders, "sec-websocket-protocol"));
  if (list.ok) return list.protocols;
  const code = list.reason === "malformed" ? "request-protocol-malformed" : "request-protocol-repeated";
  return new UpgradeRequestError(code, list.element);
}

function readExtensions(rawHeaders: RawHeaders): readonly ExtensionOffer[] | UpgradeRequestError {
  const values = headerValues(rawHeaders, "sec-websocket-extensions");
  const header = parseExtensions(values);
  return header.ok ? header.extensions : new UpgradeRequestError("request-extensions-malformed", values[header.line]);
}

/** The value of a header that must be there exactly once. */
function readSingle(
  rawHeaders: RawHeaders,
  name: string,
  missing: UpgradeRequestCode,
  repeated: UpgradeRequestCode,
): string | UpgradeRequestError {
  const [value, ...others] = headerValues(rawHeaders, name);
  if (value === undefined) return new UpgradeRequestError(missing);
  return others.length === 0 ? value : new UpgradeRequestError(repeated, others.length + 1);
}

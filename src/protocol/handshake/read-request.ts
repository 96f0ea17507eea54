/**
 * The server reads the client's half of the opening handshake (RFC 6455 §4.2.1).
 */
import type { Limits } from "../limits.js";
import { UpgradeRequestError } from "./errors.js";
import { hasToken, headerValues } from "./headers.js";
import { isKey } from "./key.js";
import { type HandshakeRequest, isHttp11OrHigher, type RawHeaders } from "./message.js";
import { checkBody, checkLimits, checkVersion, type Offers, readOffers, readSingle } from "./read-fields.js";
import { isSameAuthority, parseAuthority, parseRequestTarget, type RequestTarget } from "./url.js";

/** What a client asks for. */
export interface UpgradeRequest extends Offers {
  /** The value of `Sec-WebSocket-Key`; `undefined` over HTTP/2, which does without (RFC 8441 §5). */
  readonly key: string | undefined;
  /** The value of `Host`, or of `:authority`: a host, and a port unless it is the default one. */
  readonly host: string;
  /**
   * The resource name (RFC 6455 §3), taken out of an absolute Request-URI where that was sent: "/" and what follows,
   * with the query. It may begin with "//", so join it to an origin as a string; resolving it as a relative reference
   * would read a host out of it.
   */
  readonly target: string;
}

/** What `readUpgradeRequest` or `readConnectRequest` found. */
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
  const offers = readOffers(rawHeaders);
  if (offers instanceof UpgradeRequestError) return { ok: false, error: offers };
  return { ok: true, handshake: { key, host, target: target.resourceName, ...offers } };
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

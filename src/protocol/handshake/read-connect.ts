/**
 * The server reads the client's half of the opening handshake over HTTP/2: the extended CONNECT method (RFC 8441 §4, §5).
 */
import type { Limits } from "../limits.js";
import { UpgradeRequestError } from "./errors.js";
import { connectionFields } from "./head.js";
import { headerValues } from "./headers.js";
import type { RawHeaders } from "./message.js";
import { checkBody, checkLimits, checkVersion, readOffers } from "./read-fields.js";
import type { UpgradeRequestResult } from "./read-request.js";
import { isResourceName, isSameAuthority, parseAuthority } from "./url.js";

/** The head of an extended CONNECT request: one with the pseudo-header field `:protocol`. */
export interface ConnectRequest {
  readonly protocol: string;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  /** The other fields, names and values alternating. */
  readonly rawHeaders: RawHeaders;
}

/**
 * Checks a request against the rules of RFC 8441, and of RFC 6455 where that one leaves them. As `readUpgradeRequest`
 * otherwise; refuse with `connectRefusal`, accept with `connectResponse`.
 *
 * @param request a CONNECT request with `:protocol`, from any HTTP/2 implementation
 * @param limits of which `maxHeaderCount` and `maxHeaderBytes` count here
 * @returns never throws, whatever the request
 */
export function readConnectRequest(request: ConnectRequest, limits: Limits): UpgradeRequestResult {
  const { rawHeaders } = request;
  const error =
    checkLimits(rawHeaders, limits) ??
    checkProtocol(request) ??
    checkConnectionFields(rawHeaders) ??
    checkScheme(request) ??
    checkBody(rawHeaders) ??
    checkVersion(rawHeaders) ??
    checkPath(request);
  if (error !== undefined) return { ok: false, error };
  const host = readAuthority(request);
  if (host instanceof UpgradeRequestError) return { ok: false, error: host };
  const offers = readOffers(rawHeaders);
  if (offers instanceof UpgradeRequestError) return { ok: false, error: offers };
  return { ok: true, handshake: { key: undefined, host, target: request.path as string, ...offers } };
}

/** RFC 8441 §5: ":protocol […] MUST have a value of "websocket" to initiate a WebSocket connection". */
function checkProtocol({ protocol }: ConnectRequest): UpgradeRequestError | undefined {
  return protocol === "websocket" ? undefined : new UpgradeRequestError("request-connect-protocol", protocol);
}

/**
 * RFC 8441 §5: "RFC 6455 requires the use of Connection and Upgrade header fields that are not part of HTTP/2. They MUST
 * NOT be included in the CONNECT request". RFC 9113 §8.2.2: "Any message containing connection-specific header fields
 * MUST be treated as malformed".
 */
function checkConnectionFields(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
  const found = connectionFields.find((name) => headerValues(rawHeaders, name).length > 0);
  return found === undefined ? undefined : new UpgradeRequestError("request-connect-field", found);
}

/**
 * RFC 8441 §4: ":scheme and :path pseudo-header fields […] MUST also be included"; §5: the scheme "MUST be "https" for
 * "wss"-schemed WebSockets and "http" for "ws"-schemed WebSockets". Which of the two is not compared with the connection:
 * a proxy that takes the TLS off says "https" in clear text.
 */
function checkScheme({ scheme }: ConnectRequest): UpgradeRequestError | undefined {
  return scheme === "https" || scheme === "http"
    ? undefined
    : new UpgradeRequestError("request-connect-scheme", scheme);
}

function checkPath({ path }: ConnectRequest): UpgradeRequestError | undefined {
  if (path?.includes("#") === true) return new UpgradeRequestError("request-target-fragment", path);
  return path !== undefined && isResourceName(path) ? undefined : new UpgradeRequestError("request-target", path);
}

/**
 * RFC 8441 §5: "The Host information is conveyed as part of the :authority pseudo-header field". A Host field beside it
 * is allowed, but RFC 9113 §8.3.1 has a server "treat a request as malformed if it contains a Host header field that
 * identifies an entity that differs from the entity in the ":authority" pseudo-header field".
 */
function readAuthority({ authority: text, scheme, rawHeaders }: ConnectRequest): string | UpgradeRequestError {
  if (text === undefined || text === "") return new UpgradeRequestError("request-host-missing");
  const authority = parseAuthority(text);
  if (authority === undefined) return new UpgradeRequestError("request-host-malformed", text);
  const hosts = headerValues(rawHeaders, "host");
  if (hosts.length > 1) return new UpgradeRequestError("request-host-repeated", hosts.length);
  const [host] = hosts;
  if (host === undefined) return text;
  const other = parseAuthority(host);
  if (other === undefined) return new UpgradeRequestError("request-host-malformed", host);
  const isSame = isSameAuthority(authority, other, scheme === "https" ? 443 : 80);
  return isSame ? text : new UpgradeRequestError("request-host-mismatch", host);
}

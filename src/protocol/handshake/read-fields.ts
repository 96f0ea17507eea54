/**
 * What the server reads in the client's half of the opening handshake whichever version of HTTP carries it: RFC 6455
 * §4.2.1, and RFC 8441 §5: "The Origin, Sec-WebSocket-Version, Sec-WebSocket-Protocol, and Sec-WebSocket-Extensions
 * header fields are used in the CONNECT request and response-header fields as defined in RFC 6455."
 */
import type { Limits } from "../limits.js";
import { lowercaseAscii } from "./characters.js";
import { type UpgradeRequestCode, UpgradeRequestError } from "./errors.js";
import { type ExtensionOffer, parseExtensions } from "./extension-header.js";
import { headerValues, measureHeaders } from "./headers.js";
import type { RawHeaders } from "./message.js";
import { parseProtocols } from "./subprotocol.js";

/** What a client offers, and where it comes from. */
export interface Offers {
  /** The origin of the script, in lower case as RFC 6455 §4.2.2 has it; `undefined` when the client sent none. */
  readonly origin: string | undefined;
  /** The subprotocols asked for, the most wanted first. */
  readonly protocols: readonly string[];
  /** The extensions offered, the most wanted first. */
  readonly extensions: readonly ExtensionOffer[];
}

/** Reads the headers of which none has to be there. */
export function readOffers(rawHeaders: RawHeaders): Offers | UpgradeRequestError {
  const origin = readOrigin(rawHeaders);
  if (origin instanceof UpgradeRequestError) return origin;
  const protocols = readProtocols(rawHeaders);
  if (protocols instanceof UpgradeRequestError) return protocols;
  const extensions = readExtensions(rawHeaders);
  if (extensions instanceof UpgradeRequestError) return extensions;
  return { origin, protocols, extensions };
}

/** RFC 6455 §10.4: implementations with limits "MUST protect themselves against exceeding those limits". */
export function checkLimits(rawHeaders: RawHeaders, limits: Limits): UpgradeRequestError | undefined {
  const { count, bytes } = measureHeaders(rawHeaders);
  const { maxHeaderCount, maxHeaderBytes } = limits;
  if (count > maxHeaderCount) return new UpgradeRequestError("request-header-count", count, maxHeaderCount);
  if (bytes > maxHeaderBytes) return new UpgradeRequestError("request-header-bytes", bytes, maxHeaderBytes);
  return undefined;
}

/**
 * RFC 9110 §9.3.1: "content received in a GET request has no generally defined semantics […] and might lead some
 * implementations to reject the request and close the connection because of its potential as a request smuggling
 * attack". After an upgrade the octets of a body would be taken for frames, or frames for a body.
 */
export function checkBody(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
  const codings = headerValues(rawHeaders, "transfer-encoding");
  if (codings.length > 0) return new UpgradeRequestError("request-body", codings.join(", "));
  const length = headerValues(rawHeaders, "content-length").find((value) => value !== "0");
  return length === undefined ? undefined : new UpgradeRequestError("request-body", length);
}

/** RFC 6455 §4.1: "The value of this header field MUST be 13." Comes before the key: other versions have other keys. */
export function checkVersion(rawHeaders: RawHeaders): UpgradeRequestError | undefined {
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
export function readSingle(
  rawHeaders: RawHeaders,
  name: string,
  missing: UpgradeRequestCode,
  repeated: UpgradeRequestCode,
): string | UpgradeRequestError {
  const [value, ...others] = headerValues(rawHeaders, name);
  if (value === undefined) return new UpgradeRequestError(missing);
  return others.length === 0 ? value : new UpgradeRequestError(repeated, others.length + 1);
}

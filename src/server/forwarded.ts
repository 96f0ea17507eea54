/**
 * What proxies tell of the requests that they pass on: `Forwarded` (RFC 7239), and what was there before it,
 * `X-Forwarded-For` and its like. Whether it is believed is for others to say (proxies.ts).
 *
 * A header is gone through once, and is no longer than `maxHeaderBytes`.
 */
import type { RawHeaders } from "../protocol/index.js";
import { headerValues, listElements, lowercaseAscii, parseAuthority } from "../protocol/index.js";
import { parseIpAddress } from "../transport/index.js";

/** What one proxy tells of the request that it got. Undefined is what it does not tell. */
export interface Hop {
  /** Who it got the request from, as it is written. */
  readonly from: string | undefined;
  /** The protocol that it got the request by, as it is written. */
  readonly proto: string | undefined;
  /** The `Host` that it got, as it is written. */
  readonly host: string | undefined;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
// Each of its two ways begins with another character, so that there is nothing to try twice.
const quotedString = /"((?:[^"\\]|\\.)*)"/y;

/**
 * Reads the `Forwarded` header (RFC 7239 §4).
 *
 * @returns the hops, the one farthest away first; none where there is no such header; undefined where it is malformed
 */
export function readForwarded(rawHeaders: RawHeaders): Hop[] | undefined {
  const hops: Hop[] = [];
  for (const value of headerValues(rawHeaders, "forwarded")) {
    const found = parseForwarded(value);
    if (found === undefined) return undefined;
    hops.push(...found);
  }
  return hops;
}

/** Each proxy adds an element, or a line of its own; so each line is read by itself, and cannot reach into the next. */
function parseForwarded(value: string): Hop[] | undefined {
  const hops: Hop[] = [];
  let pairs = new Map<string, string>();
  let position = 0;
  const skipWhitespace = (): void => {
    while (value[position] === " " || value[position] === "\t") position++;
  };
  for (;;) {
    skipWhitespace();
    const name = match(token, value, position);
    if (name !== undefined) {
      position += name.length;
      if (value[position] !== "=") return undefined;
      position++;
      const text = match(token, value, position) ?? match(quotedString, value, position);
      const key = lowercaseAscii(name);
      // RFC 7239 §4: a parameter must not occur twice. Which of the two would be believed depends on the reader.
      if (text === undefined || pairs.has(key)) return undefined;
      position += text.length;
      pairs.set(key, text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text);
      skipWhitespace();
    }
    const separator = value[position];
    if (separator !== ";") {
      // RFC 9110 §5.6.1.2: empty elements of a list count for nothing.
      if (pairs.size > 0) hops.push({ from: pairs.get("for"), proto: pairs.get("proto"), host: pairs.get("host") });
      pairs = new Map();
    }
    if (separator === undefined) return hops;
    if (separator !== ";" && separator !== ",") return undefined;
    position++;
  }
}

function match(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/**
 * Reads `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` into the same shape.
 *
 * Of the last two nobody says which hop an element belongs to. Where there are as many as there are addresses, each is
 * taken for the one beside it; otherwise the last, which the nearest proxy wrote, is taken for all.
 */
export function readXForwarded(rawHeaders: RawHeaders): Hop[] {
  // RFC 9110 §5.6.1.2: empty elements of a list count for nothing.
  const elements = (name: string): string[] =>
    listElements(headerValues(rawHeaders, name)).filter((element) => element !== "");
  const addresses = elements("x-forwarded-for");
  const protos = elements("x-forwarded-proto");
  const hosts = elements("x-forwarded-host");
  if (addresses.length === 0) {
    const isSilent = protos.length === 0 && hosts.length === 0;
    return isSilent ? [] : [{ from: undefined, proto: protos.at(-1), host: hosts.at(-1) }];
  }
  const beside = (list: readonly string[], index: number): string | undefined =>
    list.length === addresses.length ? list[index] : list.at(-1);
  return addresses.map((from, index) => ({ from, proto: beside(protos, index), host: beside(hosts, index) }));
}

/**
 * The address in a node identifier (RFC 7239 §6): an address with or without a port. `X-Forwarded-For` has IPv6
 * addresses without brackets, too.
 *
 * @returns "unknown" where the proxy does not tell; undefined where it is neither
 */
export function parseNode(text: string): string | undefined {
  const isBareIpv6 = !text.startsWith("[") && text.indexOf(":") !== text.lastIndexOf(":");
  if (isBareIpv6) return addressOf(text);
  const end = text.startsWith("[") ? text.indexOf("]") + 1 : text.indexOf(":");
  const name = end > 0 ? text.slice(0, end) : text;
  const port = text.slice(name.length);
  if (port !== "" && !/^:(?:[0-9]{1,5}|_[A-Za-z0-9._-]{1,64})$/.test(port)) return undefined;
  if (name.startsWith("[")) return name.includes(":") && name.endsWith("]") ? addressOf(name.slice(1, -1)) : undefined;
  // RFC 7239 §6.2, §6.3: a proxy need not tell who it was, and may give them a name of its own.
  if (lowercaseAscii(name) === "unknown" || /^_[A-Za-z0-9._-]{1,64}$/.test(name)) return "unknown";
  return addressOf(name);
}

function addressOf(text: string): string | undefined {
  return parseIpAddress(text) === undefined ? undefined : lowercaseAscii(text);
}

/** Whether a protocol that a proxy tells of is a secure one; undefined where it is none that carries a WebSocket. */
export function isSecureProtocol(proto: string): boolean | undefined {
  switch (lowercaseAscii(proto)) {
    case "https":
    case "wss":
      return true;
    case "http":
    case "ws":
      return false;
    default:
      return undefined;
  }
}

/** Whether a host that a proxy tells of may stand for `Host`. */
export function isForwardedHost(host: string): boolean {
  return parseAuthority(host) !== undefined;
}

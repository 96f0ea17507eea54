/**
 * Hosts, ports and resource names: the parts of a WebSocket URL (RFC 6455 §3) and where they turn up in the request.
 */
import { UsageError } from "../errors.js";
import { CharacterSet, characterRange, digits, letters, lowercaseAscii } from "./characters.js";
import { quote } from "./quote.js";

const maxPort = 65_535;

// RFC 3986 §3.2.2: reg-name is unreserved characters, percent signs and sub-delims; an IPv4 address is one, too.
const nameCharacters = new CharacterSet(`${letters}${digits}-._~%!$&'()*+,;=`);
// An IP-literal without its brackets, zone included (RFC 6874).
const addressCharacters = new CharacterSet(`${letters}${digits}-._~%:`);
const digitCharacters = new CharacterSet(digits);
// Visible ASCII without "#". More than RFC 3986 allows in a path or query, because browsers leave "|", "^" and their
// like as they are.
const resourceCharacters = new CharacterSet(characterRange(0x21, 0x7e).replace("#", ""));

/** A host and the port written after it. */
export interface Authority {
  /** As written: a name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  /** `undefined` where none is written. */
  readonly port: number | undefined;
}

/** Whether `host` could be one by its characters (RFC 3986 §3.2.2). Whether it exists is for others to find out. */
export function isHost(host: string): boolean {
  if (!host.startsWith("[")) return host.length > 0 && nameCharacters.containsAll(host);
  return host.length > 2 && host.endsWith("]") && addressCharacters.containsAll(host, 1, host.length - 1);
}

/**
 * Parses `host [ ":" port ]`, the value of a `Host` header (RFC 9110 §7.2).
 *
 * @returns `undefined` where it is not that, or where the port is beyond 65535
 */
export function parseAuthority(authority: string): Authority | undefined {
  const colon = authority.indexOf(":", authority.startsWith("[") ? authority.indexOf("]") : 0);
  const hostEnd = colon === -1 ? authority.length : colon;
  const host = authority.slice(0, hostEnd);
  const port = authority.slice(hostEnd + 1);
  if (!isHost(host) || !digitCharacters.containsAll(port) || Number(port) > maxPort) return undefined;
  // RFC 3986 §3.2.3: the port may be empty even where its colon is there.
  return { host, port: port === "" ? undefined : Number(port) };
}

/** Whether two authorities are the same, when an absent port means `defaultPort`. */
export function isSameAuthority(one: Authority, other: Authority, defaultPort: number): boolean {
  return (
    lowercaseAscii(one.host) === lowercaseAscii(other.host) && (one.port ?? defaultPort) === (other.port ?? defaultPort)
  );
}

/**
 * Whether `text` could be a resource name (RFC 6455 §3): a path that begins with "/", and perhaps a query. No
 * fragment: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs."
 */
export function isResourceName(text: string): boolean {
  return text.startsWith("/") && resourceCharacters.containsAll(text);
}

/** A Request-URI taken apart. */
export interface RequestTarget {
  readonly resourceName: string;
  /** What an absolute URI says on where to find it; `undefined` for a mere path. */
  readonly authority: Authority | undefined;
  /** The port that the scheme of an absolute URI stands for. */
  readonly defaultPort: number;
}

/**
 * Parses a Request-URI: "a /resource name/ defined in Section 3 (or an absolute HTTP/HTTPS URI containing the
 * /resource name/)" (RFC 6455 §4.2.1).
 *
 * @returns `undefined` for anything else: "*", a mere authority, another scheme, a fragment, a space
 */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  if (target.startsWith("/")) {
    return isResourceName(target) ? { resourceName: target, authority: undefined, defaultPort: 80 } : undefined;
  }
  const scheme = lowercaseAscii(target.slice(0, target.indexOf("://") + 1));
  if (scheme !== "http:" && scheme !== "https:") return undefined;
  const start = scheme.length + 2;
  // The authority ends where the path or, with an empty path, the query begins.
  const offset = target.slice(start).search(/[/?]/);
  const end = offset === -1 ? target.length : start + offset;
  const path = target.slice(end);
  // RFC 6455 §3: the resource name begins with "/" if the path component is empty.
  const resourceName = path.startsWith("/") ? path : `/${path}`;
  const authority = parseAuthority(target.slice(start, end));
  if (authority === undefined || !isResourceName(resourceName)) return undefined;
  return { resourceName, authority, defaultPort: scheme === "https:" ? 443 : 80 };
}

/** The components of a URL, named as the standard `URL` class names them: an instance of it fits. */
export interface UrlComponents {
  readonly href: string;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
}

/** Where a WebSocket is: what RFC 6455 §4.1 calls /host/, /port/, /resource name/ and the /secure/ flag. */
export interface WebSocketAddress {
  readonly secure: boolean;
  /** An IPv6 address keeps its brackets. */
  readonly host: string;
  /** From 1 to 65535. */
  readonly port: number;
  /** The resource name: "/" and what follows, with the query. */
  readonly target: string;
}

/** The port that "ws" or "wss" stands for (RFC 6455 §3). */
export function defaultPort(secure: boolean): number {
  return secure ? 443 : 80;
}

/**
 * Takes the address of a WebSocket from its URL (RFC 6455 §3).
 *
 * `http:` and `https:` are taken for `ws:` and `wss:`, as the WHATWG WebSockets standard does.
 *
 * @param url a parsed URL
 * @throws UsageError `url-invalid` for another scheme, a fragment, or a user name or password, for which a WebSocket
 *   URL has no place; the latter are not repeated in the error
 */
export function webSocketAddress(url: UrlComponents): WebSocketAddress {
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  if (!secure && url.protocol !== "ws:" && url.protocol !== "http:") {
    throw new UsageError("url-invalid", quote(url.protocol), undefined, "the scheme must be ws or wss");
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("url-invalid", undefined, undefined, "credentials belong in an Authorization header");
  }
  // The `hash` of a URL does not tell an empty fragment from an absent one; the whole URL does.
  if (url.href.includes("#")) {
    throw new UsageError("url-invalid", undefined, undefined, "it must not have a fragment");
  }
  const address: WebSocketAddress = {
    secure,
    host: url.hostname,
    port: url.port === "" ? defaultPort(secure) : Number(url.port),
    target: `${url.pathname === "" ? "/" : url.pathname}${url.search}`,
  };
  checkAddress(address);
  return address;
}

/**
 * Keeps RFC 6455 §4.1: "The components of the WebSocket URI passed into this algorithm (/host/, /port/, /resource
 * name/, and /secure/ flag) MUST be valid according to the specification of WebSocket URIs".
 *
 * @throws UsageError `url-invalid`
 */
export function checkAddress({ host, port, target }: WebSocketAddress): void {
  if (!isHost(host)) throw new UsageError("url-invalid", quote(host), undefined, "the host");
  if (!Number.isInteger(port) || port < 1 || port > maxPort) {
    throw new UsageError("url-invalid", port, undefined, "the port must be from 1 to 65535");
  }
  if (!isResourceName(target)) throw new UsageError("url-invalid", quote(target), undefined, "the resource name");
}

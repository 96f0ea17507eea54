/**
 * Where a browser's request comes from, and whether it may.
 *
 * A page may open a WebSocket to any server, and the browser sends the user's cookies with it: no same-origin policy
 * holds it back (RFC 6455 §10.2). What it does is to tell the page's origin, which a script cannot change. A server that
 * does not look at it lets every page act for its visitors (CVE-2018-14732, CVE-2025-30360). Whoever is no browser
 * sends no `Origin`, or any that it likes; against those this is no defense, and they have no user's cookies to misuse.
 */
import { isSameAuthority, lowercaseAscii, parseAuthority, UsageError } from "../protocol/index.js";
import type { IncomingRequest } from "./accept.js";

/**
 * The pages that may connect: all, these, or those that a function says `true` of. An origin is a scheme, a host and,
 * unless it is the default one, a port (RFC 6454 §6.2), in lower case; or "null" where a browser does not tell.
 */
export type OriginsOption = "*" | readonly string[] | ((origin: string, request: IncomingRequest) => boolean);

/** The rules that an option stands for. */
export type OriginRule =
  | { readonly kind: "same-origin" }
  | { readonly kind: "any" }
  | { readonly kind: "list"; readonly origins: ReadonlySet<string> }
  | { readonly kind: "function"; readonly isAllowed: (origin: string, request: IncomingRequest) => boolean };

/**
 * Whether a request's origin is the server's own: same scheme, host and port (RFC 6454 §5).
 *
 * @param origin the request's, in lower case
 * @param isSecure whether the request came over TLS
 * @param host the value of `Host`
 */
export function isSameOrigin(origin: string, isSecure: boolean, host: string): boolean {
  const scheme = isSecure ? "https://" : "http://";
  if (!origin.startsWith(scheme)) return false;
  // As browsers write both, they are the same text.
  if (origin.length === scheme.length + host.length && origin.endsWith(host)) return true;
  const theirs = parseAuthority(origin.slice(scheme.length));
  const ours = parseAuthority(host);
  return theirs !== undefined && ours !== undefined && isSameAuthority(theirs, ours, isSecure ? 443 : 80);
}

/** @throws UsageError `invalid-argument` for what is no origin, and what is no list of them */
export function resolveOrigins(option: OriginsOption | undefined): OriginRule {
  if (option === undefined) return { kind: "same-origin" };
  if (option === "*") return { kind: "any" };
  if (typeof option === "function") return { kind: "function", isAllowed: option };
  if (!Array.isArray(option)) {
    throw new UsageError("invalid-argument", String(option), undefined, 'origins is a list, a function or "*"');
  }
  return { kind: "list", origins: new Set(option.map(requireOrigin)) };
}

function requireOrigin(text: unknown): string {
  const origin = typeof text === "string" && !text.includes("*") ? normalizeOrigin(text) : undefined;
  if (origin !== undefined) return origin;
  const hint = 'origins lists origins as "https://app.example:8443", without a path or wildcard, or "null"';
  throw new UsageError("invalid-argument", String(text), undefined, hint);
}

/** An origin as browsers write it, or undefined. */
function normalizeOrigin(text: string): string | undefined {
  const origin = lowercaseAscii(text);
  // Neither has a host; the second is what applications in a shell of their own may send.
  if (origin === "null" || origin === "file://") return origin;
  const separator = origin.indexOf("://");
  const authority = parseAuthority(origin.slice(separator + 3));
  const scheme = origin.slice(0, Math.max(0, separator));
  // A page is never at ws: or wss:, as the URL of its WebSocket is.
  if (scheme === "" || scheme === "ws" || scheme === "wss" || authority === undefined) return undefined;
  const { host, port } = authority;
  const isDefaultPort =
    port === undefined || (scheme === "http" && port === 80) || (scheme === "https" && port === 443);
  return `${scheme}://${host}${isDefaultPort ? "" : `:${String(port)}`}`;
}

/** Whether a list has an origin. */
export function listsOrigin(origins: ReadonlySet<string>, origin: string): boolean {
  return origins.has(origin) || origins.has(normalizeOrigin(origin) ?? "");
}

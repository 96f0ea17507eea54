/**
 * Where clients put what tells who they are: an `Authorization` header, cookies, and, since a browser lets its pages set
 * neither, a subprotocol. Reading is all that is done here; what is read is as good as whoever sent it says it is.
 *
 * Every function reads strictly and goes through its header once: what is in doubt is not there.
 */
import { isToken, trimWhitespace } from "../protocol/index.js";

/** A request, as far as it is needed here: what `accept` gets, or any web `Request`. */
interface WithHeaders {
  readonly headers: Headers;
}

// RFC 6750 §2.1: "b64token". The scheme is case-insensitive (RFC 9110 §11.1).
const bearerCredentials = /^bearer +([0-9A-Za-z\-._~+/]+=*)$/i;

/**
 * The token in `Authorization: Bearer …` (RFC 6750 §2.1).
 *
 * @returns undefined where there is none, another scheme, more than one, or what no token is made of
 */
export function bearerToken(request: WithHeaders): string | undefined {
  return bearerCredentials.exec(request.headers.get("authorization") ?? "")?.[1];
}

// RFC 6265 §4.1.1, cookie-octet: visible ASCII but for quotes, commas, semicolons and backslashes.
const cookieValue = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * The cookies of a request (RFC 6265 §4.2.1), their values as they are: nothing is decoded but the quotes around one,
 * which are taken away. Of several with the same name the first counts, which browsers send for the longest path.
 *
 * @returns without those that are malformed
 */
export function cookies(request: WithHeaders): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const name = trimWhitespace(pair.slice(0, equals));
    const value = withoutQuotes(trimWhitespace(pair.slice(equals + 1)));
    if (isToken(name) && cookieValue.test(value) && !found.has(name)) found.set(name, value);
  }
  return found;
}

function withoutQuotes(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** The value of one cookie, as `cookies` reads it; undefined where there is none. */
export function cookie(request: WithHeaders, name: string): string | undefined {
  return cookies(request).get(name);
}

/** A token that came as a subprotocol. */
export interface ProtocolToken {
  readonly token: string;
  /**
   * The first of the other subprotocols, to be answered with: browsers fail a connection of which none is accepted, and
   * to answer with the token would write it into the logs on the way. Undefined where there was no other.
   */
  readonly protocol: string | undefined;
}

/**
 * The token among the subprotocols of a request: `new WebSocket(url, ["chat.v1", "bearer.TOKEN"])`. A subprotocol is made
 * of letters, digits and some signs (RFC 9110 §5.6.2), so that base64 has to be base64url, without padding.
 *
 * @param prefix what the token is preceded by. Default "bearer."
 * @returns undefined where there is none, an empty one, or more than one
 */
export function protocolToken(
  request: { readonly protocols: readonly string[] },
  prefix: string = "bearer.",
): ProtocolToken | undefined {
  const tokens = request.protocols.filter((protocol) => protocol.startsWith(prefix));
  const [carrier, ...others] = tokens;
  if (carrier === undefined || others.length > 0 || carrier.length === prefix.length) return undefined;
  return {
    token: carrier.slice(prefix.length),
    protocol: request.protocols.find((protocol) => !protocol.startsWith(prefix)),
  };
}

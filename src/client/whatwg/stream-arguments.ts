/**
 * What `new WebSocketStream(url, options)` is given, converted and checked.
 */
import { isToken } from "../../protocol/index.js";
import { toDictionary, toSequence } from "./idl.js";

/** What can be said about a `WebSocketStream`. */
export interface WebSocketStreamOptions {
  /** Subprotocols to ask for, the most wanted first. The server has to choose one. Default none. */
  protocols?: Iterable<string> | undefined;
  /** Gives up the handshake when it is aborted; afterwards it does nothing. */
  signal?: AbortSignal | undefined;
}

/** The same, converted. */
export interface StreamOptions {
  readonly protocols: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** Converts to the dictionary `WebSocketStreamOptions`. Throws a TypeError for what cannot be converted. */
export function toStreamOptions(value: unknown): StreamOptions {
  const dictionary = toDictionary(value, "options");
  const protocols: unknown = Reflect.get(dictionary, "protocols");
  const converted = protocols === undefined ? [] : toSequence(protocols, "protocols");
  const signal: unknown = Reflect.get(dictionary, "signal");
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError("signal must be an AbortSignal");
  return { protocols: converted, signal };
}

/**
 * The algorithm _get a URL record_. There is no base URL outside of a page.
 *
 * @throws DOMException SyntaxError for what is no URL, for another scheme than ws, wss, http and https, and for a fragment
 */
export function getUrlRecord(url: string): URL {
  let urlRecord: URL;
  // 1, 2
  try {
    urlRecord = new URL(url);
  } catch {
    throw new DOMException(`this is no absolute URL: ${url}`, "SyntaxError");
  }
  // 3, 4
  if (urlRecord.protocol === "http:") urlRecord.protocol = "ws:";
  else if (urlRecord.protocol === "https:") urlRecord.protocol = "wss:";
  // 5
  if (urlRecord.protocol !== "ws:" && urlRecord.protocol !== "wss:") {
    throw new DOMException(`the scheme must be ws, wss, http or https, and is ${urlRecord.protocol}`, "SyntaxError");
  }
  // 6. An empty fragment is one; `hash` does not tell it from none.
  if (urlRecord.href.includes("#")) throw new DOMException("the URL must not have a fragment", "SyntaxError");
  // 7
  return urlRecord;
}

/** Checks a list of subprotocols. Throws a DOMException SyntaxError where one is no token, or is listed twice. */
export function checkSubprotocols(protocols: readonly string[]): void {
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (!isToken(protocol)) throw new DOMException(`a subprotocol must be a token: ${protocol}`, "SyntaxError");
    if (seen.has(protocol)) throw new DOMException(`a subprotocol is listed twice: ${protocol}`, "SyntaxError");
    seen.add(protocol);
  }
}

/** The credentials of a URL as an `Authorization` header (RFC 7617), if it has any. */
export function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const octets = new TextEncoder().encode(`${percentDecoded(username)}:${percentDecoded(password)}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...octets))}` };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself, or octets that are no UTF-8: the server gets what was written.
    return text;
  }
}

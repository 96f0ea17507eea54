/**
 * One request of a client's on its way to a connection: where it goes, and what of the application's it carries.
 */
import type { RawHeaders, WebSocketAddress } from "../protocol/index.js";
import { quote, UsageError, webSocketAddress } from "../protocol/index.js";
import type { HeadersInput } from "../socket/index.js";
import { rawHeadersOf } from "../socket/index.js";
import { basicAuthorization } from "./basic-authentication.js";

/** See the head of this file. */
export interface Hop {
  /** `ws:` or `wss:`, without user name and password: fit for messages. */
  readonly url: URL;
  readonly address: WebSocketAddress;
  /** The application's header lines, names in lower case. */
  readonly headers: RawHeaders;
  /** Subprotocols to ask for. */
  readonly protocols: readonly string[];
}

/** What becomes of user name and password in a URL. */
export type UrlCredentialsOption = "basic" | "ignore";

/** What the first request is made of. */
export interface FirstHopOptions {
  readonly headers?: HeadersInput;
  readonly protocols?: string | readonly string[];
  readonly urlCredentials?: UrlCredentialsOption;
}

/**
 * The first one, as the application wants it.
 *
 * @throws UsageError `url-invalid`, `credentials-invalid`, `invalid-argument`; TypeError for what is no header
 */
export function firstHop(given: string | URL, options: FirstHopOptions): Hop {
  const urlCredentials = resolveUrlCredentials(options.urlCredentials);
  const url = parseUrl(given);
  const { username, password } = url;
  const { url: bareUrl, address } = webSocketUrl(url);
  const headers = rawHeadersOf(options.headers);
  if (urlCredentials === "basic" && `${username}${password}` !== "" && !hasHeader(headers, "authorization")) {
    headers.push("authorization", basicAuthorization({ username, password }));
  }
  const protocols = typeof options.protocols === "string" ? [options.protocols] : (options.protocols ?? []);
  return { url: bareUrl, address, headers, protocols };
}

/**
 * Fills in the default.
 *
 * @throws UsageError `invalid-argument`
 */
export function resolveUrlCredentials(option: UrlCredentialsOption = "basic"): UrlCredentialsOption {
  if (option === "basic" || option === "ignore") return option;
  throw new UsageError("invalid-argument", String(option), undefined, 'urlCredentials is "basic" or "ignore"');
}

/**
 * The same URL as a WebSocket's: `ws:` or `wss:`, without user name and password; and what it says.
 *
 * @throws UsageError `url-invalid`
 */
export function webSocketUrl(given: URL): { readonly url: URL; readonly address: WebSocketAddress } {
  const url = new URL(given);
  url.username = "";
  url.password = "";
  const address = webSocketAddress(url);
  url.protocol = address.secure ? "wss:" : "ws:";
  return { url, address };
}

function hasHeader(headers: RawHeaders, name: string): boolean {
  return headers.some((text, index) => index % 2 === 0 && text === name);
}

function parseUrl(given: string | URL): URL {
  try {
    return new URL(given);
  } catch {
    throw new UsageError("url-invalid", quote(withoutUserinfo(String(given))));
  }
}

/** What cannot be parsed may have a password anywhere before its last "@". */
function withoutUserinfo(text: string): string {
  const end = text.lastIndexOf("@");
  return end === -1 ? text : `…${text.slice(end)}`;
}

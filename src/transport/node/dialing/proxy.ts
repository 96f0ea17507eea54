/**
 * What a proxy is, and how its URL is read.
 */
import type { ConnectionOptions } from "node:tls";
import { checkHeaders } from "../../../protocol/handshake/head.js";
import { quote } from "../../../protocol/handshake/quote.js";
import { isHost } from "../../../protocol/handshake/url.js";
import type { RawHeaders } from "../../../protocol/index.js";
import { lowercaseAscii, UsageError } from "../../../protocol/index.js";
import { connectOwnedHeaders } from "./connect-tunnel.js";
import type { SocksCredentials } from "./socks.js";
import { checkSocksCredentials } from "./socks.js";

/** A proxy, ready to be used. */
export type Proxy = HttpProxy | SocksProxy;

/** Where a proxy is. */
interface ProxyPlace {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host and port, for errors. */
  readonly name: string;
}

/** A proxy that is asked by the method CONNECT of HTTP. */
export interface HttpProxy extends ProxyPlace {
  readonly kind: "http";
  /** Whether the way to the proxy itself is encrypted. */
  readonly secure: boolean;
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
  readonly headers: RawHeaders;
  readonly tls: ConnectionOptions;
}

/** A SOCKS 5 server. */
export interface SocksProxy extends ProxyPlace {
  readonly kind: "socks";
  /** Whether the server looks names up (`socks5h`), and not we (`socks5`). */
  readonly looksUp: boolean;
  readonly credentials: SocksCredentials | undefined;
}

/** What is said of a proxy beside its URL. */
export interface ProxyDetails {
  /** Further header lines of CONNECT, names and values alternating. */
  readonly headers?: RawHeaders | undefined;
  /** Options of `tls.connect` for the way to an `https:` proxy. */
  readonly tls?: ConnectionOptions | undefined;
}

type ProxyScheme = "http:" | "https:" | "socks5:" | "socks5h:";

const defaultPorts: Readonly<Record<ProxyScheme, number>> = {
  "http:": 80,
  "https:": 443,
  // RFC 1928 §3: "The SOCKS service is conventionally located on TCP port 1080."
  "socks5:": 1080,
  "socks5h:": 1080,
};

/**
 * Reads the URL of a proxy: `http:`, `https:`, `socks5:` or `socks5h:`, perhaps with a user name and a password, which
 * are percent-decoded.
 *
 * @param source what the URL is called in errors, which never repeat it: there may be a password in it
 * @throws UsageError `invalid-argument` for what is no such URL; `header-invalid` or `header-not-allowed` for headers
 */
export function parseProxy(url: string | URL, source: string, details: ProxyDetails = {}): Proxy {
  const parsed = parseUrl(url, source);
  const { protocol, pathname, search, hash } = parsed;
  if (!isScheme(protocol)) {
    // Of "user:password@host" the user name would be taken for a scheme, and shown.
    const got = parsed.href.startsWith(`${protocol}//`) ? `: got ${quote(protocol.slice(0, -1))}` : "";
    throw invalid(source, `the scheme must be http, https, socks5 or socks5h${got}`);
  }
  if ((pathname !== "" && pathname !== "/") || search !== "" || hash !== "") {
    throw invalid(source, "it must have neither a path nor a query");
  }
  // The URL standard leaves the hosts of schemes that it does not know as they are.
  const written = lowercaseAscii(parsed.hostname);
  if (!isHost(written) || written.includes("%")) throw invalid(source, "the host");
  const port = parsed.port === "" ? defaultPorts[protocol] : Number(parsed.port);
  if (port === 0) throw invalid(source, "the port must be from 1 to 65535");
  const place: ProxyPlace = {
    host: written.startsWith("[") ? written.slice(1, -1) : written,
    port,
    name: `${protocol}//${written}:${String(port)}`,
  };
  const credentials = credentialsOf(parsed, source);
  const { headers = [], tls = {} } = details;
  if (protocol === "socks5:" || protocol === "socks5h:") {
    if (headers.length > 0) throw invalid(source, "a SOCKS server is sent no headers");
    if (credentials !== undefined) checkSocksCredentials(credentials);
    return { kind: "socks", ...place, looksUp: protocol === "socks5h:", credentials };
  }
  const authorization = credentials && basicAuthorization(credentials, source);
  checkHeaders(headers, authorization === undefined ? connectOwnedHeaders : ownedWithAuthorization);
  return { kind: "http", ...place, secure: protocol === "https:", authorization, headers, tls };
}

const ownedWithAuthorization: ReadonlySet<string> = new Set([...connectOwnedHeaders, "proxy-authorization"]);

function invalid(source: string, why: string): UsageError {
  return new UsageError("invalid-argument", undefined, undefined, `${source}: ${why}`);
}

function parseUrl(url: string | URL, source: string): URL {
  try {
    return new URL(url);
  } catch {
    throw invalid(source, "this is not the URL of a proxy");
  }
}

function isScheme(protocol: string): protocol is ProxyScheme {
  return Object.hasOwn(defaultPorts, protocol);
}

function credentialsOf({ username, password }: URL, source: string): SocksCredentials | undefined {
  if (username === "" && password === "") return undefined;
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw invalid(source, "user name and password must be percent-encoded UTF-8");
  }
}

/** RFC 7617 §2, in UTF-8, which §2.1 lets a server ask for and which agrees with ASCII where there is no more. */
function basicAuthorization({ username, password }: SocksCredentials, source: string): string {
  // RFC 7617 §2: "a user-id containing a colon character is invalid"; neither "MUST NOT contain any control characters".
  if (username.includes(":")) throw invalid(source, "a user name must not have a colon");
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(username + password)) {
    throw invalid(source, "user name and password must not have control characters");
  }
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/**
 * The request of a client's opening handshake: where it goes, and what it says.
 */
import { Buffer } from "node:buffer";
import type { ClientRequest, RequestOptions } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { NetConnectOpts, Socket as TcpSocket } from "node:net";
import { isIP, connect as netConnect } from "node:net";
import { unescape as unescapeQuery } from "node:querystring";
import type { ConnectionOptions } from "node:tls";
import { connect as tlsConnect } from "node:tls";
import { isToken } from "../../protocol/index.js";
import type { ClientOptions } from "./option-types.js";

/** The options of a client, with those of `http.request`, `net.connect` and `tls.connect` among them. */
export type AnyClientOptions = ClientOptions &
  Omit<RequestOptions, "headers" | "agent" | "createConnection"> & { readonly protocols?: unknown };

/** Where a request goes. */
export interface Target {
  readonly url: URL;
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: string | number;
  /** Of a Unix socket. */
  readonly socketPath: string | undefined;
  readonly path: string;
}

const protocolVersions: readonly unknown[] = [8, 13];

/** @throws RangeError for a version that nobody speaks */
export function checkVersion(version: unknown): number {
  if (protocolVersions.includes(version)) return version as number;
  const supported = protocolVersions.join(", ");
  throw new RangeError(`Unsupported protocol version: ${String(version)} (supported versions: ${supported})`);
}

/**
 * Checks subprotocols.
 *
 * @throws SyntaxError for what is no token, or stands there twice
 */
export function checkProtocols(given: readonly unknown[]): ReadonlySet<string> {
  const protocols = new Set<string>();
  for (const protocol of given) {
    if (typeof protocol !== "string" || !isToken(protocol) || protocols.has(protocol)) {
      throw new SyntaxError("An invalid or duplicated subprotocol was specified");
    }
    protocols.add(protocol);
  }
  return protocols;
}

/**
 * Reads a URL.
 *
 * @throws SyntaxError
 */
export function targetOf(address: string | URL): Target {
  const url = withWebSocketScheme(parseUrl(address));
  const { protocol, hostname, pathname, search, port } = url;
  const isIpc = protocol === "ws+unix:";
  if (protocol !== "ws:" && protocol !== "wss:" && !isIpc) {
    throw new SyntaxError('The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"');
  }
  if (isIpc && pathname === "") throw new SyntaxError("The URL's pathname is empty");
  if (url.hash !== "") throw new SyntaxError("The URL contains a fragment identifier");
  const isSecure = protocol === "wss:";
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  const place = { url, isSecure, host, port: port || (isSecure ? 443 : 80) };
  const resource = pathname + search;
  if (!isIpc) return { ...place, socketPath: undefined, path: resource };
  // The path of the socket, a colon, and the path of the request.
  const colon = resource.indexOf(":");
  if (colon === -1) return { ...place, socketPath: resource, path: "" };
  return { ...place, socketPath: resource.slice(0, colon), path: resource.slice(colon + 1) };
}

function parseUrl(address: string | URL): URL {
  if (address instanceof URL) return address;
  try {
    return new URL(address);
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`);
  }
}

function withWebSocketScheme(url: URL): URL {
  if (url.protocol !== "http:" && url.protocol !== "https:") return url;
  const changed = new URL(url);
  changed.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  return changed;
}

/** User name and password, out of a URL that has them. */
export function credentialsIn({ username, password }: URL): string | undefined {
  return username === "" && password === "" ? undefined : `${unescapeQuery(username)}:${unescapeQuery(password)}`;
}

/** `Authorization: Basic` (RFC 7617). */
export function basicAuthorization(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}

/** What the request says beside what the application has given. */
export interface HandshakeHeaders {
  readonly key: string;
  readonly version: number;
  readonly extensions: string | undefined;
  readonly protocols: ReadonlySet<string>;
}

/** Begins the request. It has to be ended. */
export function createRequest(
  target: Target,
  options: AnyClientOptions,
  given: Readonly<Record<string, unknown>>,
  { key, version, extensions, protocols }: HandshakeHeaders,
  auth: string | undefined,
): ClientRequest {
  const { isSecure, host, port, socketPath, path } = target;
  const headers: Record<string, unknown> = {
    ...given,
    "Sec-WebSocket-Version": version,
    "Sec-WebSocket-Key": key,
    Connection: "Upgrade",
    Upgrade: "websocket",
  };
  if (extensions !== undefined) headers["Sec-WebSocket-Extensions"] = extensions;
  if (protocols.size > 0) headers["Sec-WebSocket-Protocol"] = [...protocols].join(",");
  // RFC 6455 §4.1 names it `Origin`; the version before had another name for it.
  if (options.origin) headers[version < 13 ? "Sec-WebSocket-Origin" : "Origin"] = options.origin;
  const requestOptions = {
    ...options,
    method: "GET",
    hostname: undefined,
    protocol: undefined,
    createConnection: options.createConnection ?? (isSecure ? connectSecurely : connectPlainly),
    defaultPort: options.defaultPort ?? (isSecure ? 443 : 80),
    headers,
    host,
    port,
    path,
    socketPath,
    auth,
    timeout: options.handshakeTimeout,
  } as RequestOptions;
  return (isSecure ? httpsRequest : httpRequest)(requestOptions);
}

function connectPlainly(options: NetConnectOpts & { path?: unknown; socketPath?: unknown }): TcpSocket {
  // `path` is the request's until here.
  return netConnect({ ...options, path: options.socketPath } as NetConnectOpts);
}

function connectSecurely(options: ConnectionOptions): TcpSocket {
  const { host = "", servername } = options;
  // RFC 6066 §3: names only, no addresses.
  const name = servername ?? (isIP(host) === 0 ? host : "");
  return tlsConnect({ ...options, path: undefined, servername: name } as ConnectionOptions);
}

/**
 * `connect()`: a client on Node.
 */
import type { ClientOptions, ClientSocket, OpenHooks } from "../client/index.js";
import { openClient } from "../client/index.js";
import { clientObserver } from "../observe/index.js";
import { UsageError } from "../protocol/index.js";
import type { TransportOption } from "../transport/node/index.js";
import { chooseTransport, keepFreedMemory, nodePlatform } from "../transport/node/index.js";
import type { ReachOptions } from "./dial-options.js";
import { dialerFor, mayHaveTls } from "./dial-options.js";
import { parseUnixUrl } from "./unix-url.js";

/** What can be set about a client on Node. */
export interface ConnectOptions extends ClientOptions, ReachOptions {
  /**
   * How connections reach the kernel: "handle" by the socket's libuv handle, "net" through `net.Socket`.
   * Default "auto": the first where this Node offers it and it passes a self-test.
   */
  readonly transport?: TransportOption;
}

/**
 * Connects to a WebSocket server (RFC 6455 §4.1).
 *
 * Read messages with a `message` handler among the options, or with `for await (const message of socket)`; those that
 * arrive earlier are kept.
 *
 * @param url a `ws:` or `wss:` URL; `http:` and `https:` are taken for them. `ws+unix:/path/of/the/socket:/resource` is a
 *   Unix socket. A user name and a password in it are sent as `Authorization: Basic …`
 * @param options headers, subprotocols, limits, handlers; see each
 * @returns the socket, open
 * @throws UpgradeRefusedError when the server answers with anything but 101; it has the status and the headers
 * @throws UpgradeResponseError when the server's answer breaks the protocol
 * @throws ConnectError when the server cannot be reached, or TLS fails
 * @throws RedirectError when `redirects` asks to follow a redirect that cannot be followed
 * @throws CookieJarError when `cookieJar` fails
 * @throws ProxyError when the proxy cannot be reached, or makes no tunnel
 * @throws HandshakeTimeoutError after `handshakeTimeoutMs`; the reason of `signal` when that is aborted
 * @throws UsageError for a URL or an option that makes no sense
 */
export function connect(url: string | URL, options: ConnectOptions = {}): Promise<ClientSocket> {
  return openOnNode(url, options);
}

/** As `connect`, for those who want something of it otherwise. */
export async function openOnNode(url: string | URL, options: ConnectOptions, hooks?: OpenHooks): Promise<ClientSocket> {
  keepFreedMemory();
  const unix = parseUnixUrl(url);
  if (unix !== undefined && options.socketPath !== undefined) {
    throw new UsageError("invalid-argument", undefined, undefined, "the URL names a socket, and so does socketPath");
  }
  const target = unix?.url ?? url;
  const reach = unix === undefined ? options : { ...options, socketPath: unix.socketPath };
  // Where a redirect leads is not known yet.
  const isSecure = options.redirects !== undefined || mayHaveTls(target, reach);
  const handles = await chooseTransport(options.transport, isSecure);
  return openClient(target, options, nodePlatform, dialerFor(reach, handles), clientObserver, hooks);
}

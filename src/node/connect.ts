/**
 * `connect()`: a client on Node.
 */
import type { ConnectionOptions } from "node:tls";
import type { ClientOptions, ClientSocket } from "../client/index.js";
import { openClient } from "../client/index.js";
import { clientObserver } from "../observe/index.js";
import type { TransportOption } from "../transport/node/index.js";
import { chooseTransport, createHttpDialer, keepFreedMemory, nodePlatform } from "../transport/node/index.js";

/** What can be set about a client on Node. */
export interface ConnectOptions extends ClientOptions {
  /**
   * Options of `tls.connect` for `wss:` URLs: `ca`, `cert`, `key`, `servername`. Certificates are verified; only
   * `rejectUnauthorized: false` changes that.
   */
  readonly tls?: ConnectionOptions;
  /**
   * How plain TCP connections reach the kernel: "handle" by the socket's libuv handle, "net" through `net.Socket`.
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
 * @param url a `ws:` or `wss:` URL; `http:` and `https:` are taken for them. A user name and a password in it are sent as
 *   `Authorization: Basic …`
 * @param options headers, subprotocols, limits, handlers; see each
 * @returns the socket, open
 * @throws UpgradeRefusedError when the server answers with anything but 101; it has the status and the headers
 * @throws UpgradeResponseError when the server's answer breaks the protocol
 * @throws ConnectError when the server cannot be reached, or TLS fails
 * @throws RedirectError when `redirects` asks to follow a redirect that cannot be followed
 * @throws CookieJarError when `cookieJar` fails
 * @throws HandshakeTimeoutError after `handshakeTimeoutMs`; the reason of `signal` when that is aborted
 * @throws UsageError for a URL or an option that makes no sense
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<ClientSocket> {
  keepFreedMemory();
  // Where a redirect leads is not known yet.
  const mayHaveTls = options.redirects !== undefined || /^(?:wss|https):/i.test(String(url));
  const handles = await chooseTransport(options.transport, mayHaveTls);
  return openClient(url, options, nodePlatform, createHttpDialer(options.tls, handles), clientObserver);
}

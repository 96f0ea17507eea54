/**
 * `connect()`: a client on Node.
 */
import type { ConnectionOptions } from "node:tls";
import type { ClientOptions, OpenHooks } from "../client/index.js";
import { openClient } from "../client/index.js";
import { clientObserver } from "../observe/index.js";
import type { Socket } from "../socket/index.js";
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
 * @param url a `ws:` or `wss:` URL; `http:` and `https:` are taken for them
 * @param options headers, subprotocols, limits, handlers; see each
 * @returns the socket, open
 * @throws UpgradeRefusedError when the server answers with anything but 101; it has the status and the headers
 * @throws UpgradeResponseError when the server's answer breaks the protocol
 * @throws ConnectError when the server cannot be reached, or TLS fails
 * @throws HandshakeTimeoutError after `handshakeTimeoutMs`; the reason of `signal` when that is aborted
 * @throws UsageError for a URL or an option that makes no sense
 */
export function connect(url: string | URL, options: ConnectOptions = {}): Promise<Socket> {
  return openOnNode(url, options);
}

/** As `connect`, for those who want something of it otherwise. */
export async function openOnNode(url: string | URL, options: ConnectOptions, hooks?: OpenHooks): Promise<Socket> {
  keepFreedMemory();
  const mayHaveTls = /^(?:wss|https):/i.test(String(url));
  const handles = await chooseTransport(options.transport, mayHaveTls);
  const dialer = createHttpDialer(options.tls, handles);
  return openClient(url, options, nodePlatform, dialer, clientObserver, hooks);
}

/**
 * `connect()` where the platform has a `WebSocket`: browsers and their workers, workerd, and others.
 */
import { ConnectError, HandshakeTimeoutError } from "../client/connect-errors.js";
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import { webSocketUrl } from "./arguments.js";
import type { ClientSocket } from "./client-socket.js";
import { errorOf } from "./error-of.js";
import { type ConnectOptions, resolveLimits } from "./options.js";
import { openSocket } from "./platform-socket.js";

/**
 * Connects to a WebSocket server.
 *
 * Read messages with a `message` handler among the options, or with `for await (const message of socket)`; those that
 * arrive earlier are kept, see `maxInboxBytes`.
 *
 * @param url a `ws:` or `wss:` URL; `http:` and `https:` are taken for them; in a page it may be relative
 * @param options subprotocols, limits, handlers; see each
 * @returns the socket, open
 * @throws ConnectError when there is no connection, whyever: a page is not told whether the server refused it
 * @throws HandshakeTimeoutError after `handshakeTimeoutMs`; the reason of `signal` when that is aborted
 * @throws UsageError for a URL or an option that makes no sense, or that the platform cannot keep
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<ClientSocket> {
  const limits = resolveLimits(options);
  const address = webSocketUrl(url);
  const { signal, protocols = [] } = options;
  signal?.throwIfAborted();
  const webSocket = create(address, protocols);
  webSocket.binaryType = "arraybuffer";
  return await new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      webSocket.onopen = webSocket.onerror = webSocket.onclose = null;
    };
    const giveUp = (error: Error): void => {
      settle();
      webSocket.close();
      reject(error);
    };
    const abort = (): void => giveUp(signal?.reason as Error);
    const { handshakeTimeoutMs } = limits;
    const timer = setTimeout(() => giveUp(new HandshakeTimeoutError(handshakeTimeoutMs)), handshakeTimeoutMs);
    signal?.addEventListener("abort", abort);
    webSocket.onopen = () => {
      settle();
      resolve(openSocket(webSocket, options, limits));
    };
    webSocket.onerror = webSocket.onclose = (event: Event) => giveUp(new ConnectError(address, errorOf(event)));
  });
}

function create(address: string, protocols: string | readonly string[]): WebSocket {
  try {
    return new WebSocket(address, protocols as string | string[]);
  } catch (error) {
    // With an address that is right, this is what a SyntaxError means (WHATWG WebSockets §3.1).
    const isProtocol = error instanceof Error && error.name === "SyntaxError";
    throw isProtocol ? new PlainUsageError("protocol-invalid", String(protocols)) : new ConnectError(address, error);
  }
}

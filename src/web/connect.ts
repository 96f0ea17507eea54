/**
 * `connect()` where the platform has a `WebSocket`: browsers and their workers, workerd, and others.
 */
import { ConnectError, HandshakeTimeoutError } from "../client/errors.js";
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { Socket } from "../socket/socket.js";
import { webSocketUrl } from "./arguments.js";
import { type ConnectOptions, resolveOptions } from "./options.js";
import { type PlatformWebSocket, type WebPlatform, webPlatform } from "./platform.js";
import { openPlatformSocket } from "./platform-socket.js";

/**
 * Connects to a WebSocket server.
 *
 * Read messages with a `message` handler among the options, or with `for await (const message of socket)`; those that
 * arrive earlier are kept, see `maxInboxBytes`.
 *
 * @param url a `ws:` or `wss:` URL; `http:` and `https:` are taken for them; in a page it may be relative
 * @param options subprotocols, limits, handlers; see each
 * @returns the socket, open
 * @throws ConnectError when there is no connection, whyever: platforms do not tell a page whether the server refused
 * @throws HandshakeTimeoutError after `handshakeTimeoutMs`; the reason of `signal` when that is aborted
 * @throws UsageError for a URL or an option that makes no sense, or that the platform cannot keep
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Socket> {
  return await connectOver(webPlatform, url, options);
}

/** The same on a platform that is handed in. Throws at once what `connect` rejects with for wrong arguments. */
export function connectOver(platform: WebPlatform, url: string | URL, options: ConnectOptions): Promise<Socket> {
  const resolved = resolveOptions(options);
  const address = webSocketUrl(url);
  const { signal, protocols = [] } = options;
  signal?.throwIfAborted();
  const webSocket = create(platform, address, [protocols].flat());
  webSocket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
      webSocket.onopen = webSocket.onerror = webSocket.onclose = null;
    };
    const giveUp = (error: unknown): void => {
      settle();
      webSocket.close();
      reject(error as Error);
    };
    const abort = (): void => giveUp(signal?.reason);
    const { handshakeTimeoutMs } = resolved;
    const timer = platform.clock.setTimer(
      () => giveUp(new HandshakeTimeoutError(handshakeTimeoutMs)),
      handshakeTimeoutMs,
    );
    signal?.addEventListener("abort", abort);
    let cause = new Error("the platform does not tell whether it was refused, or the network failed");
    webSocket.onerror = (event) => {
      const { error } = event as Partial<ErrorEvent>;
      if (error instanceof Error) cause = error;
    };
    webSocket.onclose = () => giveUp(new ConnectError(address, cause));
    webSocket.onopen = () => {
      settle();
      resolve(openPlatformSocket(webSocket, options, resolved, platform));
    };
  });
}

function create({ WebSocket }: WebPlatform, url: string, protocols: string[]): PlatformWebSocket {
  if (WebSocket === undefined) {
    throw new PlainUsageError("unsupported-by-platform", undefined, undefined, "there is no WebSocket");
  }
  try {
    return new WebSocket(url, protocols);
  } catch (error) {
    // With a URL that is right, this is what a SyntaxError means (WHATWG WebSockets §3.1).
    if ((error as Error).name === "SyntaxError") throw new PlainUsageError("protocol-invalid", protocols.join());
    throw new ConnectError(url, error);
  }
}

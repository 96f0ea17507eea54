// Puts the live page together: one port for the page's files, for polling, and for the WebSocket.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "openline";
import { ChatRoom } from "./chat-room.js";
import { createRequestListener } from "./http.js";
import { LiveHub } from "./hub.js";
import { isSameOrigin } from "./origin.js";
import { CLIENT_MESSAGE_MAX_LENGTH, LIVE_PATH, UPDATE_INTERVAL_MS } from "./shared/limits.js";
import { loadStaticFiles } from "./static-files.js";
import { UpdateStream } from "./updates.js";

/** Connections that the demo takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;
/** Room for the longest message that the page may send, whatever its characters take in UTF-8. */
const MESSAGE_MAX_BYTES = 3 * CLIENT_MESSAGE_MAX_LENGTH;
/** Updates that polling can reach back for: as much as the page's charts show. */
const UPDATES_KEPT = 300;
/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Less than the process waits for, when it has been told to end. */
const DRAIN_DEADLINE_MS = 4_000;
const LIVENESS_INTERVAL_MS = 20_000;
/** Longer than the page's longest polling interval, so that polling, too, uses one connection throughout. */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;

/** A running live page. */
export interface LiveServer {
  readonly port: number;
  /** Says goodbye to every page, one after the other (close code 1012), and stops listening; resolves when all is closed. */
  close(): Promise<void>;
}

/** The server's clock: milliseconds since the Unix epoch, with a fraction, never going backward. */
function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Starts the live page.
 * @param options `port`: 0 to 65535, 0 picks a free one. `host`: the address to listen on, all of them by default.
 * `publicFolder`: where the page was built, a file URL that ends in a slash.
 * @throws When the port cannot be had (`EADDRINUSE`, `EACCES`) or the page has not been built.
 */
export async function startLiveServer(options: {
  readonly port: number;
  readonly host?: string | undefined;
  readonly publicFolder: URL;
}): Promise<LiveServer> {
  const updates = new UpdateStream(UPDATES_KEPT, Math.random);
  const room = new ChatRoom(randomBytes(8).toString("hex"));
  const hub = new LiveHub(room, clockMs);

  const httpServer = createServer(createRequestListener(await loadStaticFiles(options.publicFolder), updates));
  httpServer.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    httpServer.once("error", reject);
    httpServer.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) }, () => {
      httpServer.off("error", reject);
      resolve();
    });
  });

  const webSockets = await serve({
    server: httpServer,
    // `accept` looks at them: it lets in nobody but pages, and those that came with TLS by a proxy of anybody's, too.
    origins: "*",
    accept(request) {
      if (new URL(request.url).pathname !== LIVE_PATH) return new Response("Not found\n", { status: 404 });
      if (!isSameOrigin(request.headers.get("origin"), request.headers.get("host"))) {
        return new Response("Only this server's own page may connect\n", { status: 403 });
      }
      if (hub.connections >= CONNECTIONS_MAX) {
        return new Response("The room is full\n", { status: 503, headers: { "Retry-After": "10" } });
      }
      return {};
    },
    open: (socket) => hub.open(socket),
    message: (socket, message) => hub.receive(socket, message),
    close: (socket) => hub.closed(socket),
    error: (error) => console.error(error),
    limits: { maxMessageBytes: MESSAGE_MAX_BYTES },
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });

  const updating = setInterval(() => hub.publish(updates.next(clockMs())), UPDATE_INTERVAL_MS);
  const checking = setInterval(() => hub.checkLiveness(), LIVENESS_INTERVAL_MS);

  return {
    // A server that listens on a TCP port has an address with one.
    port: (httpServer.address() as AddressInfo).port,
    async close() {
      clearInterval(updating);
      clearInterval(checking);
      const stopped = new Promise<void>((resolve) => httpServer.close(() => resolve()));
      await webSockets.drain({ deadlineMs: DRAIN_DEADLINE_MS });
      httpServer.closeAllConnections();
      await stopped;
    },
  };
}

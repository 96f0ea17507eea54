// The live page as a demo: polling, and the WebSocket.
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { serve } from "openline";
import type { Demo, RunningDemo } from "../site/demo.js";
import { isSameOrigin } from "../site/origin.js";
import { ChatRoom } from "./chat-room.js";
import { answer } from "./http.js";
import { LiveHub } from "./hub.js";
import { CLIENT_MESSAGE_MAX_LENGTH, LIVE_PATH, UPDATE_INTERVAL_MS } from "./shared/limits.js";
import { UpdateStream } from "./updates.js";

/** Connections that the demo takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;
/** Room for the longest message that the page may send, whatever its characters take in UTF-8. */
const MESSAGE_MAX_BYTES = 3 * CLIENT_MESSAGE_MAX_LENGTH;
/** Updates that polling can reach back for: as much as the page's charts show. */
const UPDATES_KEPT = 300;
/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
const LIVENESS_INTERVAL_MS = 20_000;

/** The server's clock: milliseconds since the Unix epoch, with a fraction, never going backward. */
function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The live page. */
export const live: Demo = { name: "live", path: "/", socketPaths: [LIVE_PATH], start };

async function start(server: Server): Promise<RunningDemo> {
  const updates = new UpdateStream(UPDATES_KEPT, Math.random);
  const room = new ChatRoom(randomBytes(8).toString("hex"));
  const hub = new LiveHub(room, clockMs);

  const webSockets = await serve({
    server,
    path: LIVE_PATH,
    // `accept` looks at them: it lets in nobody but pages, and those that came with TLS by a proxy of anybody's, too.
    origins: "*",
    accept(request) {
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
    request: (request, response, url) => answer(request, response, url, updates),
    async close(deadlineMs) {
      clearInterval(updating);
      clearInterval(checking);
      await webSockets.drain({ deadlineMs });
    },
  };
}

// Live streaming as a demo: the hall with its streams, and the WebSocket of its pages.
import type { Server } from "node:http";
import { serve } from "openline";
import type { RunningDemo } from "../site/demo.js";
import { isSameOrigin } from "../site/origin.js";
import { refuse } from "../site/responses.js";
import { SOCKET_PATH } from "./shared/limits.js";
import { StreamHall } from "./stream-hall.js";

/** Beside the built demos, so that a film is made once. */
const FILM_FOLDER = new URL("films/", import.meta.url);
/** Connections that the demo takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;
/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Pages come back to this very server, so there is nothing to spread. */
const SPREAD_MS = 100;

/** Live streaming: a `Demo`. */
export const stream = { name: "stream", path: "/stream/", socketPaths: [SOCKET_PATH], start };

async function start(server: Server): Promise<RunningDemo> {
  const hall = new StreamHall(Date.now, FILM_FOLDER);
  const { handlers } = hall.realtime;
  // Checked here, as those of the WebSockets are.
  const takes = hall.realtime.requestTaker({ path: SOCKET_PATH, origins: "*", maxConnections: CONNECTIONS_MAX });
  let connections = 0;

  const webSockets = await serve({
    server,
    path: SOCKET_PATH,
    // `accept` looks at them: it lets in nobody but pages, and those that came with TLS by a proxy of anybody's, too.
    origins: "*",
    ...handlers,
    accept(request, context) {
      if (!isSameOrigin(request.headers.get("origin"), request.headers.get("host"))) {
        return new Response("Only this server's own page may connect\n", { status: 403 });
      }
      if (connections >= CONNECTIONS_MAX) {
        return new Response("The hall is full\n", { status: 503, headers: { "Retry-After": "10" } });
      }
      return handlers.accept(request, context);
    },
    open(socket) {
      connections += 1;
      return handlers.open(socket);
    },
    close(socket, report) {
      connections -= 1;
      return handlers.close(socket, report);
    },
    error: (error) => console.error(error),
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });

  return {
    request(request, response, url) {
      if (url.pathname !== SOCKET_PATH) return false;
      const { origin = null, host = null } = request.headers;
      if ((origin !== null || request.method !== "GET") && !isSameOrigin(origin, host)) {
        refuse(response, 403, "Only this server's own page may connect");
        return true;
      }
      // Pages whose WebSockets do not pass come by ordinary requests.
      if (takes(request, response)) return true;
      refuse(response, 426, "This is a WebSocket endpoint", { Upgrade: "websocket", Connection: "Upgrade" });
      return true;
    },
    async close(deadlineMs) {
      hall.stop();
      await hall.realtime.drain({ spreadMs: SPREAD_MS });
      await webSockets.drain({ deadlineMs: deadlineMs - SPREAD_MS });
      await hall.realtime.close();
    },
  };
}

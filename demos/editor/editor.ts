// The collaborative editor as a demo: its documents, and the WebSocket of its pages.
import type { Server } from "node:http";
import { serve } from "openline";
import type { RunningDemo } from "../site/demo.js";
import { isSameOrigin } from "../site/origin.js";
import { refuse } from "../site/responses.js";
import { Desk } from "./desk.js";
import { SOCKET_PATH } from "./shared/limits.js";

/** Connections that the demo takes: three of each page. */
const CONNECTIONS_MAX = 300;
/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Pages come back to this very server, so there is nothing to spread. */
const SPREAD_MS = 100;

/** The collaborative editor: a `Demo`. */
export const editor = { name: "editor", path: "/editor/", socketPaths: [SOCKET_PATH], start };

async function start(server: Server): Promise<RunningDemo> {
  const desk = new Desk();
  const { handlers } = desk.realtime;
  // Checked here, as those of the WebSockets are.
  const takes = desk.realtime.requestTaker({ path: SOCKET_PATH, origins: "*", maxConnections: CONNECTIONS_MAX });
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
        return new Response("There is no seat left\n", { status: 503, headers: { "Retry-After": "10" } });
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
      await desk.realtime.drain({ spreadMs: SPREAD_MS });
      await webSockets.drain({ deadlineMs: deadlineMs - SPREAD_MS });
      await desk.realtime.close();
    },
  };
}

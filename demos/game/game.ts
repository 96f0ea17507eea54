// The game as a demo: an arena with a hundred bots, and the WebSocket of its pages.
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { serve } from "openline";
import type { Demo, RunningDemo } from "../site/demo.js";
import { isSameOrigin } from "../site/origin.js";
import { refuse } from "../site/responses.js";
import { Random } from "../trading/exchange/random.js";
import type { TickTimer } from "./arena/tick-loop.js";
import { GameRoom } from "./game-room.js";
import { SOCKET_PATH } from "./shared/limits.js";

const BOTS = 100;
/** People that play at once, and connections; a party, not the internet. */
const PLAYERS_MAX = 200;
const CONNECTIONS_MAX = 250;
/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Pages come back to this very server, so there is nothing to spread. */
const SPREAD_MS = 100;

/** Node's time. */
export const nodeTickTimer: TickTimer = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * The game: a `Demo`.
 * @param options `bots`: how many there are, 100 by default.
 */
export function createGame({ bots = BOTS }: { readonly bots?: number } = {}): Demo {
  return { name: "game", path: "/game/", socketPaths: [SOCKET_PATH], start: (server) => start(server, bots) };
}

async function start(server: Server, bots: number): Promise<RunningDemo> {
  const random = new Random(randomBytes(4).readUInt32LE());
  const room = new GameRoom({ random, bots, playersMax: PLAYERS_MAX, meets: true, timer: nodeTickTimer });
  const { handlers } = room.realtime;
  // Checked here, as those of the WebSockets are.
  const takes = room.realtime.requestTaker({ path: SOCKET_PATH, origins: "*", maxConnections: CONNECTIONS_MAX });
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
        return new Response("The arena is full\n", { status: 503, headers: { "Retry-After": "10" } });
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
    // Positions have little that comes again, and time is what there is least of. So what a page counts is what travels.
    perMessageDeflate: false,
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
      room.stop();
      await room.realtime.drain({ spreadMs: SPREAD_MS });
      await webSockets.drain({ deadlineMs: deadlineMs - SPREAD_MS });
      await room.realtime.close();
    },
  };
}

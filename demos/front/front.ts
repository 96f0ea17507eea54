// The front page as a demo: what this server does, as it does it, over a channel of its own.
import type { Server } from "node:http";
import { serve } from "openline";
import { createRealtime } from "openline/realtime";
import type { Demo, RunningDemo, SiteTraffic } from "../site/demo.js";
import { isSameOrigin } from "../site/origin.js";
import { refuse } from "../site/responses.js";
import { addTraffic, TrafficMeter } from "../site/traffic.js";
import { EventLoopWatch } from "./event-loop.js";
import { FigureMaker } from "./figures.js";
import { api, FIGURES_INTERVAL_MS, SOCKET_PATH } from "./shared/contract.js";

/** Connections that the page takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;
/** A page that was frozen with its phone's screen off does not answer; a restart should not wait long for it. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Pages come back to this very server, so there is nothing to spread. */
const SPREAD_MS = 100;
/** A page calls once a second. */
const REQUESTS_PER_SECOND = 10;

/** The front page. It has to be the first demo, since it counts the connections of all. */
export const front: Demo = { name: "front", path: "/", socketPaths: [SOCKET_PATH], start };

async function start(server: Server, site: SiteTraffic): Promise<RunningDemo> {
  const meter = new TrafficMeter();
  const eventLoop = new EventLoopWatch();
  const realtime = createRealtime(api, {
    authorize: { figures: (_user, _params, action) => action === "subscribe" },
    calls: { echo: () => null },
    limits: { requestsPerSecond: REQUESTS_PER_SECOND },
  });
  const { handlers } = realtime;
  // Checked here, as those of the WebSockets are.
  const takes = realtime.requestTaker({ path: SOCKET_PATH, origins: "*", maxConnections: CONNECTIONS_MAX });

  const webSockets = await serve({
    server,
    path: SOCKET_PATH,
    // `accept` looks at them: it lets in nobody but pages, and those that came with TLS by a proxy of anybody's, too.
    origins: "*",
    maxConnections: CONNECTIONS_MAX,
    ...handlers,
    accept: (request, context) =>
      isSameOrigin(request.headers.get("origin"), request.headers.get("host"))
        ? handlers.accept(request, context)
        : new Response("Only this server's own page may connect\n", { status: 403 }),
    error: (error) => console.error(error),
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });

  const total = () => addTraffic(meter.traffic, site.traffic());
  const maker = new FigureMaker(total(), performance.now());
  const taking = setInterval(() => {
    const of = { timeMs: Date.now(), delayMs: eventLoop.takeDelayMs() };
    // In memory, and within its bounds: there is nothing that could fail but the end.
    realtime.publish("figures", maker.next(total(), performance.now(), of)).catch(() => undefined);
  }, FIGURES_INTERVAL_MS);

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
      clearInterval(taking);
      eventLoop.stop();
      await realtime.drain({ spreadMs: SPREAD_MS });
      await webSockets.drain({ deadlineMs: deadlineMs - SPREAD_MS });
      await realtime.close();
      meter.stop();
    },
  };
}

// The front page as a demo: what this server does, as it does it, over a channel of its own.
import type { Server } from "node:http";
import { createRealtime } from "openline/realtime";
import type { Demo, RunningDemo, SiteTraffic } from "../site/demo.js";
import { startRealtimeDemo } from "../site/realtime-demo.js";
import { addTraffic, TrafficMeter } from "../site/traffic.js";
import { EventLoopWatch } from "./event-loop.js";
import { FigureMaker } from "./figures.js";
import { api, FIGURES_INTERVAL_MS, SOCKET_PATH } from "./shared/contract.js";

/** Connections that the page takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;
/** A page calls once a second. */
const REQUESTS_PER_SECOND = 10;

/** The front page. It has to be the first demo, since it counts the connections of all. */
export const front: Demo = { name: "front", path: "/", socketPaths: [SOCKET_PATH], start };

function start(server: Server, site: SiteTraffic): Promise<RunningDemo> {
  const meter = new TrafficMeter();
  const eventLoop = new EventLoopWatch();
  const realtime = createRealtime(api, {
    authorize: { figures: (_user, _params, action) => action === "subscribe" },
    calls: { echo: () => null },
    limits: { requestsPerSecond: REQUESTS_PER_SECOND },
  });
  const total = () => addTraffic(meter.traffic, site.traffic());
  const maker = new FigureMaker(total(), performance.now());
  const taking = setInterval(() => {
    const of = { timeMs: Date.now(), delayMs: eventLoop.takeDelayMs() };
    // In memory, and within its bounds: there is nothing that could fail but the end.
    realtime.publish("figures", maker.next(total(), performance.now(), of)).catch(() => undefined);
  }, FIGURES_INTERVAL_MS);

  return startRealtimeDemo(server, {
    path: SOCKET_PATH,
    realtime,
    connectionsMax: CONNECTIONS_MAX,
    stop: () => {
      clearInterval(taking);
      eventLoop.stop();
    },
    closed: () => meter.stop(),
  });
}

// The trading page as a demo: an exchange that is always open, and the WebSocket of its pages.
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { RunningDemo } from "../site/demo.js";
import { startRealtimeDemo } from "../site/realtime-demo.js";
import { Random } from "./exchange/random.js";
import { SOCKET_PATH } from "./shared/limits.js";
import { TradingFloor } from "./trading-floor.js";

/** Connections that the demo takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;

/** The trading page: a `Demo`. */
export const trading = { name: "trading", path: "/trading/", socketPaths: [SOCKET_PATH], start };

function start(server: Server): Promise<RunningDemo> {
  const floor = new TradingFloor(new Random(randomBytes(4).readUInt32LE()), Date.now);
  return startRealtimeDemo(server, {
    path: SOCKET_PATH,
    realtime: floor.realtime,
    connectionsMax: CONNECTIONS_MAX,
    stop: () => floor.stop(),
  });
}

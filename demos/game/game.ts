// The game as a demo: an arena with a hundred bots, and the WebSocket of its pages.
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { Demo, RunningDemo } from "../site/demo.js";
import { startRealtimeDemo } from "../site/realtime-demo.js";
import { Random } from "../trading/exchange/random.js";
import type { TickTimer } from "./arena/tick-loop.js";
import { GameRoom } from "./game-room.js";
import { SOCKET_PATH } from "./shared/limits.js";

const BOTS = 100;
/** People that play at once, and connections; a party, not the internet. */
const PLAYERS_MAX = 200;
const CONNECTIONS_MAX = 250;

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

function start(server: Server, bots: number): Promise<RunningDemo> {
  const random = new Random(randomBytes(4).readUInt32LE());
  const room = new GameRoom({ random, bots, playersMax: PLAYERS_MAX, meets: true, timer: nodeTickTimer });
  return startRealtimeDemo(server, {
    path: SOCKET_PATH,
    realtime: room.realtime,
    connectionsMax: CONNECTIONS_MAX,
    // Positions have little that comes again, and time is what there is least of. So what a page counts is what travels.
    perMessageDeflate: false,
    stop: () => room.stop(),
  });
}

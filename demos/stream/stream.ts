// Live streaming as a demo: the hall with its streams, and the WebSocket of its pages.
import type { Server } from "node:http";
import type { RunningDemo } from "../site/demo.js";
import { startRealtimeDemo } from "../site/realtime-demo.js";
import { SOCKET_PATH } from "./shared/limits.js";
import { StreamHall } from "./stream-hall.js";

/** Beside the built demos, so that a film is made once. */
const FILM_FOLDER = new URL("films/", import.meta.url);
/** Connections that the demo takes; a party, not the internet. */
const CONNECTIONS_MAX = 200;

/** Live streaming: a `Demo`. */
export const stream = { name: "stream", path: "/stream/", socketPaths: [SOCKET_PATH], start };

function start(server: Server): Promise<RunningDemo> {
  const hall = new StreamHall(Date.now, FILM_FOLDER);
  return startRealtimeDemo(server, {
    path: SOCKET_PATH,
    realtime: hall.realtime,
    connectionsMax: CONNECTIONS_MAX,
    stop: () => hall.stop(),
  });
}

// The collaborative editor as a demo: its documents, and the WebSocket of its pages.
import type { Server } from "node:http";
import type { RunningDemo } from "../site/demo.js";
import { startRealtimeDemo } from "../site/realtime-demo.js";
import { Desk } from "./desk.js";
import { SOCKET_PATH } from "./shared/limits.js";

/** Connections that the demo takes: three of each page. */
const CONNECTIONS_MAX = 300;

/** The collaborative editor: a `Demo`. */
export const editor = { name: "editor", path: "/editor/", socketPaths: [SOCKET_PATH], start };

function start(server: Server): Promise<RunningDemo> {
  const desk = new Desk();
  return startRealtimeDemo(server, {
    path: SOCKET_PATH,
    realtime: desk.realtime,
    connectionsMax: CONNECTIONS_MAX,
  });
}

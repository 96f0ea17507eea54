/**
 * A client under messages: the load is its server, and every message goes back to it.
 */
import { loadCommand } from "../lib/load.js";
import { echo } from "./server.js";
import { measureWindow } from "./window.js";

/** @type {import("../lib/workload.js").Kind} */
export const client = {
  columns: echo.columns,
  compared: echo.compared,
  async measure({ peerTitle, startPeer, start, pause, guard, load: settings, timing }) {
    const load = start(`the load on ${peerTitle}`, loadCommand(settings, {}));
    const { port } = await load.ask("port");
    const connecting = startPeer();
    const url = `ws://127.0.0.1:${port}/`;
    // The load begins by itself when all are connected.
    const started = load.ask("start");
    await guard(connecting.ask("connect", { url, connections: settings.connections }));
    await guard(started);
    return measureWindow({ pid: connecting.pid, load, pause }, timing, "Message");
  },
};

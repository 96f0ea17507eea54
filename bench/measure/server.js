/**
 * A server under messages: what comes back, or goes to subscribers.
 */
import { loadCommand } from "../lib/load.js";
import { measureWindow } from "./window.js";

/** @param {"Message" | "Delivery"} unit */
function createKind(unit) {
  const rate = unit === "Delivery" ? "deliveriesPerSecond" : "messagesPerSecond";
  const cost = `cpuMicrosecondsPer${unit}`;
  /** @type {import("../lib/workload.js").Kind} */
  return {
    columns: [
      rate,
      "payloadBytesPerSecond",
      "latencyP50Microseconds",
      "latencyP99Microseconds",
      cost,
      "userShare",
      "loadCores",
    ],
    compared: [cost, rate],
    async measure({ peerTitle, startPeer, start, pause, guard, workload, load: settings, timing }) {
      const server = startPeer();
      const tls = workload.tls === true;
      const { port } = await server.ask("serve", { kind: workload.serve, tls });
      const load = start(`the load on ${peerTitle}`, loadCommand(settings, { port, tls }));
      await guard(load.ask("start"));
      return measureWindow({ pid: server.pid, load, pause }, timing, unit);
    },
  };
}

/** Every message comes back. */
export const echo = createKind("Message");

/** Every message goes to every subscriber. */
export const broadcast = createKind("Delivery");

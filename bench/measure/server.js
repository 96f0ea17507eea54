/**
 * A server under messages: what comes back, or goes to subscribers.
 */
import { loadCommand } from "../lib/load.js";
import { measureWindow } from "./window.js";

/**
 * @param {"Message" | "Delivery"} unit
 * @param {readonly string[]} [also] figures beside the usual ones
 */
function createKind(unit, also = []) {
  const rate = unit === "Delivery" ? "deliveriesPerSecond" : "messagesPerSecond";
  const cost = `cpuMicrosecondsPer${unit}`;
  /** @type {import("../lib/workload.js").Kind} */
  return {
    columns: [
      rate,
      "payloadBytesPerSecond",
      ...also,
      "latencyP50Microseconds",
      "latencyP99Microseconds",
      cost,
      "userShare",
      "loadCores",
    ],
    compared: [cost, rate, ...also],
    async measure({ peerTitle, startPeer, start, pause, guard, workload, load: settings, timing }) {
      const server = startPeer();
      const tls = workload.tls === true;
      const { port } = await server.ask("serve", { kind: workload.serve, tls, load: settings });
      const load = start(`the load on ${peerTitle}`, loadCommand(settings, { port, tls }));
      await guard(load.ask("start"));
      return measureWindow({ pid: server.pid, load, pause }, timing, unit);
    },
  };
}

const wire = ["receivedBytesPerMessage"];

/** Every message comes back. */
export const echo = createKind("Message");

/** Every message goes to every subscriber. */
export const broadcast = createKind("Delivery");

/** The same with compression. */
export const compressedEcho = createKind("Message", wire);

/** The same with compression. */
export const compressedBroadcast = createKind("Delivery", wire);

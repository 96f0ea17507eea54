/**
 * A real-time server: messages to subscribers of its rooms, as many as come back or at a pace, and what those take who
 * only wait.
 */
import { loadCommand } from "../lib/load.js";
import { readResidentBytes } from "../lib/process-usage.js";
import { measureWindow } from "./window.js";

/** Starts a server, and a load that has done what comes before anything is measured. */
async function begin({ peerTitle, startPeer, start, guard, workload, load: settings }) {
  const server = startPeer();
  const where = await server.ask("serve", { kind: workload.serve, tls: false, load: settings });
  const load = start(`the load on ${peerTitle}`, loadCommand(settings, where));
  await guard(load.ask("start"));
  return { server, load };
}

const latencies = ["latencyP50Microseconds", "latencyP99Microseconds", "latencyP999Microseconds"];
const cost = "cpuMicrosecondsPerDelivery";

/** @param {readonly string[]} compared */
function createKind(compared) {
  /** @type {import("../lib/workload.js").Kind} */
  return {
    columns: ["deliveriesPerSecond", cost, ...latencies, "receivedBytesPerMessage", "cores", "loadCores"],
    compared,
    async measure(context) {
      const { server, load } = await begin(context);
      return measureWindow({ pid: server.pid, load, pause: context.pause }, context.timing, "Delivery");
    },
  };
}

/** As fast as goes: the rate tells. */
export const saturated = createKind(["deliveriesPerSecond", cost]);

/** At the same pace for all: the latency tells. */
export const paced = createKind([cost, ...latencies]);

/** @type {import("../lib/workload.js").Kind} */
export const members = {
  columns: ["residentBytesPerConnection", "residentBytesPerSubscription", "residentBytes"],
  compared: ["residentBytesPerConnection", "residentBytesPerSubscription"],
  async measure(context) {
    const { server, load } = await begin(context);
    const { warmUpMs: settleMs } = context.timing;
    const { connections, warmConnections, more } = context.load;
    const settled = async () => {
      await context.pause(settleMs);
      return readResidentBytes(server.pid);
    };
    const before = await settled();
    await context.guard(load.ask("open"));
    const residentBytes = await settled();
    await context.guard(load.ask("more"));
    const withMore = await settled();
    await load.ask("finish");
    return {
      residentBytesPerConnection: (residentBytes - before) / connections,
      residentBytesPerSubscription: (withMore - residentBytes) / ((connections + warmConnections) * more),
      residentBytes,
    };
  },
};

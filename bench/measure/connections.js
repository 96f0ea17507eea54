/**
 * Connections: what it costs to accept one, and what one costs that does nothing.
 */
import { latencyFigures } from "../lib/figures.js";
import { loadCommand } from "../lib/load.js";
import { readResidentBytes, readUsage, usageBetween } from "../lib/process-usage.js";

/** Starts a server and a load that has opened its first connections. */
async function begin({ peerTitle, startPeer, start, guard, workload, load: settings }) {
  const server = startPeer();
  const tls = workload.tls === true;
  const { port } = await server.ask("serve", { kind: workload.serve, tls, load: settings });
  const load = start(`the load on ${peerTitle}`, loadCommand(settings, { port, tls }));
  await guard(load.ask("start"));
  return { server, load };
}

/** @type {import("../lib/workload.js").Kind} */
export const connect = {
  columns: [
    "connectionsPerSecond",
    "latencyP50Microseconds",
    "latencyP99Microseconds",
    "cpuMicrosecondsPerConnection",
    "userShare",
    "loadCores",
  ],
  compared: ["cpuMicrosecondsPerConnection", "connectionsPerSecond"],
  async measure(context) {
    const { server, load } = await begin(context);
    const loadBefore = await load.ask("count");
    const before = readUsage(server.pid);
    const { connections, seconds, latencyMicroseconds } = await context.guard(load.ask("open"));
    const after = readUsage(server.pid);
    const loadAfter = await load.ask("count");
    await load.ask("finish");
    const { cpuSeconds, userSeconds } = usageBetween(before, after);
    return {
      connectionsPerSecond: connections / seconds,
      cpuMicrosecondsPerConnection: (cpuSeconds * 1e6) / connections,
      userShare: cpuSeconds === 0 ? 0 : userSeconds / cpuSeconds,
      ...latencyFigures(latencyMicroseconds),
      cores: cpuSeconds / seconds,
      loadCores: (loadAfter.cpuSeconds - loadBefore.cpuSeconds) / seconds,
    };
  },
};

/** @type {import("../lib/workload.js").Kind} */
export const idle = {
  columns: ["residentBytesPerConnection", "residentBytes"],
  compared: ["residentBytesPerConnection"],
  async measure(context) {
    const { server, load } = await begin(context);
    // After as long as others warm up, what was busy with accepting is quiet.
    const { warmUpMs: settleMs } = context.timing;
    await context.pause(settleMs);
    const before = readResidentBytes(server.pid);
    const { connections } = await context.guard(load.ask("open"));
    await context.pause(settleMs);
    const residentBytes = readResidentBytes(server.pid);
    await load.ask("finish");
    return { residentBytesPerConnection: (residentBytes - before) / connections, residentBytes };
  },
};

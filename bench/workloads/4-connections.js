import { connect, idle } from "../measure/connections.js";

const load = { mode: "connect", connections: 6000, warmConnections: 500, inFlight: 64 };
const quick = { connections: 200, warmConnections: 20, inFlight: 16 };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "connections",
  title: "Connections",
  charted: ["connectionsPerSecond", "cpuMicrosecondsPerConnection", "residentBytesPerConnection"],
  workloads: [
    {
      name: "connect",
      title: "6,000 connections opened, 64 handshakes at a time",
      kind: connect,
      serve: "echo",
      load,
      quick,
    },
    { name: "idle", title: "6,000 idle connections, resident memory for each", kind: idle, serve: "echo", load, quick },
  ],
};

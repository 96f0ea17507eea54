import { client } from "../measure/client.js";

const load = { mode: "serve", type: "binary" };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "clients",
  title: "Echoing clients",
  charted: ["messagesPerSecond", "cpuMicrosecondsPerMessage", "latencyP99Microseconds"],
  workloads: [
    {
      name: "client-64b",
      title: "64 B binary, 100 client connections, 1 in flight each",
      kind: client,
      load: { ...load, connections: 100, messageBytes: 64, inFlight: 1 },
      quick: { connections: 20 },
    },
    {
      name: "client-64b-pipelined",
      title: "64 B binary, 100 client connections, 16 in flight each",
      kind: client,
      load: { ...load, connections: 100, messageBytes: 64, inFlight: 16 },
    },
    {
      name: "client-16kib",
      title: "16 KiB binary, 20 client connections, 1 in flight each",
      kind: client,
      load: { ...load, connections: 20, messageBytes: 16 * 1024, inFlight: 1 },
    },
  ],
};

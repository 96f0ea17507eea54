import { broadcast } from "../measure/server.js";

const load = { mode: "broadcast", messageBytes: 64, type: "binary" };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "broadcast",
  title: "Broadcast of 64 B to every subscriber",
  charted: ["deliveriesPerSecond", "cpuMicrosecondsPerDelivery", "latencyP99Microseconds"],
  workloads: [
    {
      name: "broadcast-500",
      title: "500 subscribers, 1 message in flight",
      kind: broadcast,
      serve: "broadcast",
      load: { ...load, connections: 500, inFlight: 1 },
      quick: { connections: 50 },
    },
    {
      name: "broadcast-500-pipelined",
      title: "500 subscribers, 16 messages in flight",
      kind: broadcast,
      serve: "broadcast",
      load: { ...load, connections: 500, inFlight: 16 },
    },
    {
      name: "broadcast-2000",
      title: "2,000 subscribers, 1 message in flight",
      kind: broadcast,
      serve: "broadcast",
      load: { ...load, connections: 2000, inFlight: 1 },
    },
    {
      name: "broadcast-2000-pipelined",
      title: "2,000 subscribers, 16 messages in flight",
      kind: broadcast,
      serve: "broadcast",
      load: { ...load, connections: 2000, inFlight: 16 },
    },
  ],
};

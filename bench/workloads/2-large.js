import { echo } from "../measure/server.js";

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "large",
  title: "Echo of large messages",
  charted: ["payloadBytesPerSecond", "cpuMicrosecondsPerMessage", "latencyP99Microseconds"],
  workloads: [
    {
      name: "echo-16kib",
      title: "16 KiB binary, 20 connections, 1 in flight each",
      kind: echo,
      serve: "echo",
      load: { mode: "echo", connections: 20, messageBytes: 16 * 1024, inFlight: 1, type: "binary" },
    },
    {
      name: "echo-1mib",
      title: "1 MiB binary, 4 connections, 1 in flight each",
      kind: echo,
      serve: "echo",
      load: { mode: "echo", connections: 4, messageBytes: 1024 * 1024, inFlight: 1, type: "binary" },
      quick: { connections: 1, messageBytes: 256 * 1024 },
    },
  ],
};

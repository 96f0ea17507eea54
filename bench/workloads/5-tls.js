import { echo } from "../measure/server.js";

const load = { mode: "echo", type: "binary" };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "tls",
  title: "Echo through TLS 1.3",
  charted: ["messagesPerSecond", "cpuMicrosecondsPerMessage", "latencyP99Microseconds"],
  workloads: [
    {
      name: "tls-64b",
      title: "64 B binary, 100 connections, 1 in flight each, TLS",
      kind: echo,
      serve: "echo",
      tls: true,
      load: { ...load, connections: 100, messageBytes: 64, inFlight: 1 },
      quick: { connections: 20 },
    },
    {
      name: "tls-64b-pipelined",
      title: "64 B binary, 100 connections, 16 in flight each, TLS",
      kind: echo,
      serve: "echo",
      tls: true,
      load: { ...load, connections: 100, messageBytes: 64, inFlight: 16 },
    },
    {
      name: "tls-16kib",
      title: "16 KiB binary, 20 connections, 1 in flight each, TLS",
      kind: echo,
      serve: "echo",
      tls: true,
      load: { ...load, connections: 20, messageBytes: 16 * 1024, inFlight: 1 },
    },
  ],
};

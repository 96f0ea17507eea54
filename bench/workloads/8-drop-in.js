import { echo } from "../measure/server.js";

const load = { mode: "echo", messageBytes: 64, connections: 100, type: "binary" };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "drop-in",
  title: "The same program, for ws",
  charted: ["cpuMicrosecondsPerMessage", "messagesPerSecond", "latencyP99Microseconds"],
  workloads: [
    {
      name: "drop-in-64b-100",
      title: "64 B binary, 100 connections, 1 in flight each",
      kind: echo,
      serve: "dropInEcho",
      load: { ...load, inFlight: 1 },
      quick: { connections: 20 },
    },
    {
      name: "drop-in-64b-pipelined",
      title: "64 B binary, 100 connections, 16 in flight each",
      kind: echo,
      serve: "dropInEcho",
      load: { ...load, inFlight: 16 },
      quick: { connections: 20 },
    },
    {
      name: "drop-in-64b-text",
      title: "64 B text (ASCII), 100 connections, 1 in flight each",
      kind: echo,
      serve: "dropInEcho",
      load: { ...load, inFlight: 1, type: "text" },
    },
  ],
};

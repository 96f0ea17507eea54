import { echo } from "../measure/server.js";

const load = { mode: "echo", messageBytes: 64, inFlight: 1, type: "binary" };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "small",
  title: "Echo of small messages",
  charted: ["messagesPerSecond", "cpuMicrosecondsPerMessage", "latencyP99Microseconds"],
  workloads: [
    {
      name: "echo-64b-1",
      title: "64 B binary, 1 connection, 1 in flight",
      kind: echo,
      serve: "echo",
      load: { ...load, connections: 1 },
    },
    {
      name: "echo-64b-100",
      title: "64 B binary, 100 connections, 1 in flight each",
      kind: echo,
      serve: "echo",
      load: { ...load, connections: 100 },
      quick: { connections: 20 },
    },
    {
      name: "echo-64b-1000",
      title: "64 B binary, 1,000 connections, 1 in flight each",
      kind: echo,
      serve: "echo",
      load: { ...load, connections: 1000 },
    },
    {
      name: "echo-64b-pipelined",
      title: "64 B binary, 100 connections, 16 in flight each",
      kind: echo,
      serve: "echo",
      load: { ...load, connections: 100, inFlight: 16 },
      quick: { connections: 20 },
    },
    {
      name: "echo-64b-text",
      title: "64 B text (ASCII), 100 connections, 1 in flight each",
      kind: echo,
      serve: "echo",
      load: { ...load, connections: 100, type: "text" },
    },
    {
      name: "echo-1kib-utf8",
      title: "1 KiB text (most of it not ASCII), 100 connections, 1 in flight each",
      kind: echo,
      serve: "echo",
      load: { ...load, connections: 100, messageBytes: 1024, type: "utf8" },
      quick: { connections: 20 },
    },
  ],
};

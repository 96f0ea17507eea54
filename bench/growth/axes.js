/**
 * Along which axes the cost is followed, and where it is measured on each.
 *
 * @typedef {object} Axis
 * @property {string} name of the chart's file
 * @property {string} title
 * @property {string} subtitle
 * @property {string} xTitle
 * @property {"count" | "bytes"} unit of what grows
 * @property {string} figure that is drawn
 * @property {readonly number[]} points
 * @property {readonly number[]} quickPoints
 * @property {(x: number) => import("../lib/workload.js").Workload} workloadAt
 */
import { broadcast, echo } from "../measure/server.js";

/** @type {readonly Axis[]} */
export const axes = [
  {
    name: "connections",
    title: "How the cost of a message grows with connections",
    subtitle: "64 B binary, 1 in flight on each connection; both axes are logarithmic",
    xTitle: "connections",
    unit: "count",
    figure: "cpuMicrosecondsPerMessage",
    points: [1, 10, 100, 1000, 5000],
    quickPoints: [1, 50],
    workloadAt: (connections) => ({
      name: `connections-${connections}`,
      title: `${connections} connections, 64 B binary, 1 in flight each`,
      kind: echo,
      serve: "echo",
      load: { mode: "echo", connections, messageBytes: 64, inFlight: 1, type: "binary" },
    }),
  },
  {
    name: "size",
    title: "How the cost of a message grows with its size",
    subtitle: "10 connections, 1 message in flight on each; both axes are logarithmic",
    xTitle: "payload of a message",
    unit: "bytes",
    figure: "cpuMicrosecondsPerMessage",
    points: [16, 256, 4096, 65_536, 1_048_576],
    quickPoints: [16, 65_536],
    workloadAt: (messageBytes) => ({
      name: `size-${messageBytes}`,
      title: `${messageBytes} B binary, 10 connections, 1 in flight each`,
      kind: echo,
      serve: "echo",
      load: { mode: "echo", connections: 10, messageBytes, inFlight: 1, type: "binary" },
    }),
  },
  {
    name: "fan-out",
    title: "How the cost of a delivery grows with fan-out",
    subtitle: "64 B binary, 1 message in flight; both axes are logarithmic",
    xTitle: "subscribers",
    unit: "count",
    figure: "cpuMicrosecondsPerDelivery",
    points: [1, 10, 100, 1000, 4000],
    quickPoints: [1, 50],
    workloadAt: (connections) => ({
      name: `fan-out-${connections}`,
      title: `${connections} subscribers, 64 B binary, 1 message in flight`,
      kind: broadcast,
      serve: "broadcast",
      load: { mode: "broadcast", connections, messageBytes: 64, inFlight: 1, type: "binary" },
    }),
  },
];

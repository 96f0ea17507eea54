import { openFilesLimit } from "../lib/open-files.js";
import { idle } from "../measure/connections.js";
import { compressedBroadcast, compressedEcho } from "../measure/server.js";

// 1,024 octets, from which on ws compresses by default where it does not keep a window.
const load = { messageBytes: 1024, type: "json", deflate: true };
const warmConnections = 500;
// What a runtime has open for itself.
const otherFiles = 200;
const idleConnections = Math.min(10_000, openFilesLimit() - warmConnections - otherFiles);

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "compression",
  title: "With permessage-deflate: JSON messages of 1 KB",
  charted: [
    "messagesPerSecond",
    "deliveriesPerSecond",
    "cpuMicrosecondsPerMessage",
    "cpuMicrosecondsPerDelivery",
    "receivedBytesPerMessage",
    "residentBytesPerConnection",
  ],
  workloads: [
    {
      name: "compressed-echo-1kb",
      title: "1 KB JSON compressed, 100 connections, 1 in flight each",
      kind: compressedEcho,
      serve: "compressedEcho",
      load: { ...load, mode: "echo", connections: 100, inFlight: 1 },
      quick: { connections: 20 },
    },
    {
      name: "compressed-echo-1kb-pipelined",
      title: "1 KB JSON compressed, 100 connections, 16 in flight each",
      kind: compressedEcho,
      serve: "compressedEcho",
      load: { ...load, mode: "echo", connections: 100, inFlight: 16 },
    },
    {
      name: "compressed-broadcast-500",
      title: "1 KB JSON compressed, to 500 subscribers, 1 message in flight",
      kind: compressedBroadcast,
      serve: "compressedBroadcast",
      load: { ...load, mode: "broadcast", connections: 500, inFlight: 1 },
      quick: { connections: 50 },
    },
    {
      name: "idle-compressed",
      title: `${idleConnections.toLocaleString("en")} idle connections after one compressed message each, resident memory`,
      kind: idle,
      serve: "compressedEcho",
      load: { ...load, mode: "connect", connections: idleConnections, warmConnections, inFlight: 64 },
      quick: { connections: 200, warmConnections: 20, inFlight: 16 },
    },
  ],
};

/** @type {import("../lib/workload.js").Workload} */
export const workload = {
  name: "echo-64b-pipelined",
  title: "64 B binary, 100 connections, 16 in flight each",
  server: "echo",
  load: "echo",
  settings: { connections: 100, type: "binary", messageBytes: 64, messagesInFlight: 16 },
};

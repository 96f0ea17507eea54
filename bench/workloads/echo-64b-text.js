/** @type {import("../lib/workload.js").Workload} */
export const workload = {
  name: "echo-64b-text",
  title: "64 B text, 100 connections, 1 in flight each",
  server: "echo",
  load: "echo",
  settings: { connections: 100, type: "text", messageBytes: 64, messagesInFlight: 1 },
};

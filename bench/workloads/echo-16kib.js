/** @type {import("../lib/workload.js").Workload} */
export const workload = {
  name: "echo-16kib",
  title: "16 KiB binary, 20 connections, 1 in flight each",
  server: "echo",
  load: "echo",
  settings: { connections: 20, type: "binary", messageBytes: 16 * 1024, messagesInFlight: 1 },
};

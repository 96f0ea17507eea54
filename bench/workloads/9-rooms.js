import { members, paced, saturated } from "../measure/rooms.js";

const rooms = { serve: "rooms", baseline: "socket.io" };
const load = { mode: "channels", messageBytes: 256, rooms: 1, connections: 1000 };
const many = { mode: "channels", messageBytes: 256, rooms: 100, connections: 10_000, inFlight: 1 };
const quickMany = { connections: 200, rooms: 10, rate: 100 };

/** @type {import("../lib/workload.js").Group} */
export const group = {
  name: "rooms",
  title: "Real-time servers: typed messages of 256 B to the subscribers of rooms",
  charted: ["deliveriesPerSecond", "cpuMicrosecondsPerDelivery", "latencyP99Microseconds"],
  workloads: [
    {
      name: "room-1000",
      title: "1 room of 1,000 subscribers, the server publishes, 1 message in flight",
      kind: saturated,
      ...rooms,
      load: { ...load, inFlight: 1 },
    },
    {
      name: "room-1000-saturated",
      title: "1 room of 1,000 subscribers, the server publishes, 64 messages in flight",
      kind: saturated,
      ...rooms,
      load: { ...load, inFlight: 64 },
    },
    {
      name: "room-1000-by-client",
      title: "1 room of 1,000 subscribers, a client publishes, 64 messages in flight",
      kind: saturated,
      ...rooms,
      load: { ...load, inFlight: 64, byClient: true },
      quick: { connections: 50 },
    },
    {
      name: "room-1000-paced",
      title: "1 room of 1,000 subscribers, the server publishes 40 messages a second",
      kind: paced,
      ...rooms,
      load: { ...load, inFlight: 1, rate: 40 },
    },
    {
      name: "rooms-100-paced",
      title: "100 rooms of 100 subscribers each, the server publishes 4 messages a second to each",
      kind: paced,
      ...rooms,
      load: { ...many, rate: 400 },
      quick: quickMany,
    },
    {
      name: "rooms-100-saturated",
      title: "100 rooms of 100 subscribers each, the server publishes, 4 messages in flight to each",
      kind: saturated,
      ...rooms,
      load: { ...many, inFlight: 4 },
    },
    {
      name: "members",
      title: "10,000 subscribers of 100 rooms that wait, and 10 further channels for each",
      kind: members,
      ...rooms,
      load: { ...many, mode: "members", warmConnections: 500, more: 10 },
    },
  ],
};

/**
 * What several nodes are put under: messages of 256 octets to channels, whose subscribers are at all nodes, or at one.
 *
 * @typedef {object} ScalingWorkload
 * @property {string} name for `--workload`
 * @property {string} title for people
 * @property {import("../lib/load.js").LoadSettings} load
 * @property {Partial<import("../lib/load.js").LoadSettings>} quick what is different in a quick run
 * @property {number} [share] of one processor, which each node is held to
 * @property {boolean} [places] whether it matters which node a client comes to, which where nodes share a port nobody
 *   can choose
 *
 * @typedef {object} ScalingAxis
 * @property {string} name for `--workload`
 * @property {string} title
 * @property {string} xTitle
 * @property {readonly string[]} systems those that are followed along it
 * @property {number} nodes
 * @property {string} figure that is printed
 * @property {readonly number[]} points
 * @property {readonly number[]} quickPoints
 * @property {(x: number) => ScalingWorkload} workloadAt
 */

// Socket.IO's adapters do not tell when another node has heard who is in a room.
const load = { mode: "channels", messageBytes: 256, inFlight: 1, settleSeconds: 0.5 };
const many = { ...load, rooms: 100, connections: 1000 };
/** What warms nodes up. */
export const warmLoad = { ...load, rooms: 20, connections: 200, inFlight: 8 };

const quickMany = { rooms: 4, connections: 40, rate: 200 };

/** @type {readonly ScalingWorkload[]} */
export const workloads = [
  {
    name: "hot",
    title: "1 channel of 1,000 subscribers, spread over the nodes, 20 messages a second",
    load: { ...load, rooms: 1, connections: 1000, rate: 20 },
    quick: { connections: 60, rate: 50 },
  },
  {
    name: "spread",
    title: "100 channels of 10 subscribers each, spread over the nodes, 500 messages a second in all",
    load: { ...many, rate: 500 },
    quick: quickMany,
  },
  {
    name: "together",
    title: "100 channels of 10 subscribers each, those of a channel at one node, 500 messages a second in all",
    load: { ...many, rate: 500, together: true },
    quick: quickMany,
    places: true,
  },
  {
    name: "held",
    title:
      "50 channels of 20 subscribers each, spread over the nodes, 4 in flight, each node held to 0.2 of a processor",
    load: { ...load, rooms: 50, connections: 1000, inFlight: 4 },
    quick: { rooms: 4, connections: 40 },
    share: 0.2,
  },
];

// Logs, which guarantee most, and those that come nearest to each kind.
const followed = ["openline-nats", "openline-redis", "openline-redis-signal", "socket.io-streams", "socket.io-redis"];

/** @type {readonly ScalingAxis[]} */
export const axes = [
  {
    name: "subscribers",
    title: "Subscribers of one channel, at 2 nodes",
    xTitle: "subscribers",
    systems: followed,
    nodes: 2,
    figure: "cpuMicrosecondsPerPublished",
    points: [2, 20, 200, 2000],
    quickPoints: [2, 20],
    workloadAt: (x) => ({
      name: `subscribers-${x}`,
      title: `1 channel of ${x} subscribers`,
      load: { ...load, rooms: 1, connections: x, rate: Math.min(200, 20_000 / x) },
      quick: {},
    }),
  },
  {
    name: "channels",
    title: "Channels of 10 subscribers each, at 2 nodes, 400 messages a second in all",
    xTitle: "channels",
    systems: followed,
    nodes: 2,
    figure: "cpuMicrosecondsPerDelivery",
    points: [1, 16, 256],
    quickPoints: [1, 4],
    workloadAt: (x) => ({
      name: `channels-${x}`,
      title: `${x} channels of 10 subscribers`,
      load: { ...load, rooms: x, connections: 10 * x, rate: 400 },
      quick: {},
    }),
  },
];

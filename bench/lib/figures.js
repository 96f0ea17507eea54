/**
 * What is measured: each figure once, with how it is to be read. A sample is an object of figures by these names.
 *
 * @typedef {object} Figure
 * @property {string} title for tables
 * @property {string} longTitle for charts
 * @property {"lower" | "higher" | "neither"} better
 * @property {(value: number) => string} format
 */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three digits that say something. */
function digits(value) {
  if (value === 0) return "0";
  return value >= 100 ? whole.format(value) : value.toPrecision(3);
}

/** @param {number} scale */
const scaled = (scale) => (/** @type {number} */ value) => digits(value / scale);

/** @type {Readonly<Record<string, Figure>>} */
export const figures = {
  messagesPerSecond: { title: "messages/s", longTitle: "messages per second", better: "higher", format: digits },
  deliveriesPerSecond: { title: "deliveries/s", longTitle: "deliveries per second", better: "higher", format: digits },
  connectionsPerSecond: {
    title: "connections/s",
    longTitle: "connections per second",
    better: "higher",
    format: digits,
  },
  payloadBytesPerSecond: { title: "MB/s", longTitle: "payload one way, MB/s", better: "higher", format: scaled(1e6) },
  cpuMicrosecondsPerMessage: {
    title: "CPU µs/message",
    longTitle: "processor time per message, µs",
    better: "lower",
    format: digits,
  },
  cpuMicrosecondsPerDelivery: {
    title: "CPU µs/delivery",
    longTitle: "processor time per delivery, µs",
    better: "lower",
    format: digits,
  },
  engineCpuMicrosecondsPerDelivery: {
    title: "engine's µs/delivery",
    longTitle: "processor time of the engine's server per delivery, µs",
    better: "lower",
    format: digits,
  },
  cpuMicrosecondsPerPublished: {
    title: "CPU µs/message",
    longTitle: "processor time of all nodes per message published, µs",
    better: "lower",
    format: digits,
  },
  engineCpuMicrosecondsPerPublished: {
    title: "engine's µs/message",
    longTitle: "processor time of the engine's server per message published, µs",
    better: "lower",
    format: digits,
  },
  cpuMicrosecondsPerConnection: {
    title: "CPU µs/connection",
    longTitle: "processor time per connection, µs",
    better: "lower",
    format: digits,
  },
  userShare: {
    title: "of it user",
    longTitle: "processor time outside the kernel",
    better: "neither",
    format: (value) => `${(value * 100).toFixed(0)} %`,
  },
  latencyP50Microseconds: { title: "p50 µs", longTitle: "latency, median, µs", better: "lower", format: digits },
  latencyP99Microseconds: {
    title: "p99 µs",
    longTitle: "latency, 99th percentile, µs",
    better: "lower",
    format: digits,
  },
  latencyP999Microseconds: {
    title: "p99.9 µs",
    longTitle: "latency, 99.9th percentile, µs",
    better: "lower",
    format: digits,
  },
  receivedBytesPerMessage: {
    title: "B on the wire",
    longTitle: "octets on the wire per message, one way",
    better: "lower",
    format: digits,
  },
  residentBytesPerConnection: {
    title: "KB/connection",
    longTitle: "resident memory per connection, KB",
    better: "lower",
    format: scaled(1000),
  },
  residentBytesPerSubscription: {
    title: "B/further subscription",
    longTitle: "resident memory per further subscription, octets",
    better: "lower",
    format: digits,
  },
  residentBytes: { title: "MB resident", longTitle: "resident memory, MB", better: "lower", format: scaled(1e6) },
  residentBytesPerNode: {
    title: "MB/node",
    longTitle: "resident memory per node, MB",
    better: "lower",
    format: scaled(1e6),
  },
  engineResidentBytes: {
    title: "engine's MB",
    longTitle: "resident memory of the engine's server, MB",
    better: "lower",
    format: scaled(1e6),
  },
  nanosecondsPerOperation: { title: "ns", longTitle: "processor time for each, ns", better: "lower", format: digits },
  cores: {
    title: "its cores",
    longTitle: "processor cores kept busy",
    better: "neither",
    format: (value) => value.toFixed(2),
  },
  loadCores: {
    title: "load's cores",
    longTitle: "processor cores kept busy by the load",
    better: "neither",
    format: (value) => value.toFixed(2),
  },
};

/**
 * @param {{ p50: number, p99: number, p999: number }} latency as the load tells it
 */
export function latencyFigures({ p50, p99, p999 }) {
  return { latencyP50Microseconds: p50, latencyP99Microseconds: p99, latencyP999Microseconds: p999 };
}

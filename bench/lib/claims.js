/**
 * What openline promises about itself beside others, and whether a run bears it out. Nothing else depends on it.
 */

/**
 * @typedef {object} Claim
 * @property {string} workload
 * @property {string} figure
 * @property {string} [of] the name of the peer that it is about, where it is another variant of openline
 * @property {string} against the peer's name
 * @property {number} [atMost] openline's figure divided by the peer's
 * @property {number} [atLeast]
 */

/** @type {readonly Claim[]} */
export const claims = [
  { workload: "echo-64b-100", figure: "cpuMicrosecondsPerMessage", against: "ws", atMost: 0.5 },
  { workload: "echo-64b-100", figure: "cpuMicrosecondsPerMessage", against: "uws", atMost: 1.1 },
  { workload: "echo-64b-pipelined", figure: "cpuMicrosecondsPerMessage", against: "ws", atMost: 0.1 },
  { workload: "echo-64b-pipelined", figure: "cpuMicrosecondsPerMessage", against: "uws", atMost: 0.6 },
  { workload: "echo-16kib", figure: "messagesPerSecond", against: "ws", atLeast: 2 },
  { workload: "echo-16kib", figure: "messagesPerSecond", against: "uws", atLeast: 0.9 },
  { workload: "echo-1mib", figure: "messagesPerSecond", against: "ws", atLeast: 1.5 },
  { workload: "echo-1mib", figure: "messagesPerSecond", against: "uws", atLeast: 0.9 },
  { workload: "broadcast-500", figure: "cpuMicrosecondsPerDelivery", against: "ws", atMost: 0.65 },
  { workload: "broadcast-500", figure: "cpuMicrosecondsPerDelivery", against: "uws", atMost: 1.1 },
  { workload: "broadcast-500-pipelined", figure: "deliveriesPerSecond", against: "ws", atLeast: 10 },
  { workload: "broadcast-500-pipelined", figure: "deliveriesPerSecond", against: "uws", atLeast: 0.8 },
  { workload: "idle", figure: "residentBytesPerConnection", against: "ws", atMost: 0.5 },
  { workload: "connect", figure: "cpuMicrosecondsPerConnection", against: "ws", atMost: 0.75 },
  { workload: "client-64b", figure: "cpuMicrosecondsPerMessage", against: "ws", atMost: 0.5 },
  { workload: "client-64b", figure: "cpuMicrosecondsPerMessage", against: "undici", atMost: 0.5 },
  { workload: "compressed-echo-1kb", figure: "cpuMicrosecondsPerMessage", against: "ws", atMost: 0.15 },
  { workload: "compressed-echo-1kb", figure: "cpuMicrosecondsPerMessage", against: "uws", atMost: 0.9 },
  {
    workload: "compressed-echo-1kb",
    figure: "receivedBytesPerMessage",
    of: "openline-takeover",
    against: "ws",
    atMost: 1.01,
  },
  { workload: "compressed-broadcast-500", figure: "deliveriesPerSecond", against: "ws", atLeast: 10 },
  { workload: "drop-in-64b-100", figure: "cpuMicrosecondsPerMessage", of: "openline-ws", against: "ws", atMost: 0.9 },
  {
    workload: "drop-in-64b-pipelined",
    figure: "cpuMicrosecondsPerMessage",
    of: "openline-ws",
    against: "ws",
    atMost: 0.15,
  },
  { workload: "idle-compressed", figure: "residentBytesPerConnection", against: "ws", atMost: 0.2 },
  { workload: "room-1000", figure: "cpuMicrosecondsPerDelivery", against: "socket.io", atMost: 0.75 },
  { workload: "room-1000-saturated", figure: "deliveriesPerSecond", against: "socket.io", atLeast: 5 },
  { workload: "room-1000-saturated", figure: "deliveriesPerSecond", against: "socket.io-tuned", atLeast: 5 },
  { workload: "room-1000-saturated", figure: "deliveriesPerSecond", against: "socket.io-uws", atLeast: 1 },
  { workload: "room-1000-by-client", figure: "deliveriesPerSecond", against: "socket.io", atLeast: 5 },
  { workload: "room-1000-paced", figure: "latencyP99Microseconds", against: "socket.io", atMost: 1 },
  { workload: "rooms-100-paced", figure: "latencyP99Microseconds", against: "socket.io", atMost: 1 },
  { workload: "rooms-100-saturated", figure: "deliveriesPerSecond", against: "socket.io", atLeast: 5 },
  { workload: "members", figure: "residentBytesPerConnection", against: "socket.io", atMost: 1 },
];

/**
 * @param {readonly { name: string, results: readonly import("./summary.js").Result[] }[]} workloads of a record
 * @returns {(Claim & { measured: import("./summary.js").Ratio | undefined, holds: boolean | undefined })[]} undefined
 *   where it was not measured
 */
export function judgeClaims(workloads) {
  return claims.map((claim) => {
    const results = workloads.find(({ name }) => name === claim.workload)?.results ?? [];
    const measured = results.find(({ peer }) => peer === (claim.of ?? "openline"))?.ratios[claim.against]?.[
      claim.figure
    ];
    const { atMost = Number.POSITIVE_INFINITY, atLeast = 0 } = claim;
    const holds = measured === undefined ? undefined : measured.median <= atMost && measured.median >= atLeast;
    return { ...claim, measured, holds };
  });
}

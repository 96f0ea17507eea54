/**
 * What the model is asked: applications as they are, at sizes that they may come to.
 */

/** Of each thousand connections: a chat of small rooms, teams, and one announcement to everybody. */
function chat(connections) {
  return {
    name: `chat, ${inWords(connections)} connections`,
    connections,
    groups: [
      // One message a minute from everybody, to ten.
      { name: "rooms of 10", channels: connections / 10, subscribers: 10, messagesPerSecond: 10 / 60 },
      { name: "groups of 500", channels: connections / 5000, subscribers: 500, messagesPerSecond: 0.1 },
      { name: "everybody", channels: 1, subscribers: connections, messagesPerSecond: 1 / 60 },
    ],
  };
}

/** Prices or scores: few channels, each with very many subscribers, each with a message a second. */
function feeds(connections) {
  return {
    name: `feeds, ${inWords(connections)} connections`,
    connections,
    groups: [{ name: "feeds", channels: 1000, subscribers: connections / 200, messagesPerSecond: 1 }],
  };
}

/** Devices that mostly wait: each has a channel of its own, with a message every five minutes. */
function devices(connections) {
  return {
    name: `devices, ${inWords(connections)} connections`,
    connections,
    groups: [{ name: "one each", channels: connections, subscribers: 1, messagesPerSecond: 1 / 300 }],
  };
}

function inWords(count) {
  return count >= 1e6 ? `${count / 1e6} million` : new Intl.NumberFormat("en").format(count);
}

/** @type {readonly import("./model.js").Scenario[]} */
export const scenarios = [100_000, 1_000_000, 100_000_000].flatMap((count) => [
  chat(count),
  feeds(count),
  devices(count),
]);

/**
 * What is taken for granted, by engine: a server of NATS uses many processors, one of Redis one.
 *
 * @type {Readonly<Record<string, import("./model.js").Limits>>}
 */
export const limitsByEngine = {
  nats: { processorShare: 0.5, connectionsPerNode: 50_000, memoryBytesPerNode: 2e9, engineProcessors: 8 },
  redis: { processorShare: 0.5, connectionsPerNode: 50_000, memoryBytesPerNode: 2e9, engineProcessors: 1 },
};

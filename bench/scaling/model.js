/**
 * What a system of a size takes that nobody can measure on one machine: how many nodes and engine servers, and what bends
 * first. Costs are measured; how they add up is assumed, and each assumption is in one place here.
 *
 * @typedef {object} ChannelGroup channels that are alike
 * @property {string} name
 * @property {number} channels
 * @property {number} subscribers of each
 * @property {number} messagesPerSecond to each
 *
 * @typedef {object} Scenario
 * @property {string} name
 * @property {number} connections
 * @property {readonly ChannelGroup[]} groups
 *
 * @typedef {object} Limits
 * @property {number} processorShare of a processor that a node may use on average: the rest is for peaks
 * @property {number} connectionsPerNode at most: as many have to come back elsewhere when a node dies
 * @property {number} memoryBytesPerNode
 * @property {number} engineProcessors that one engine server can use
 *
 * @typedef {object} Memory
 * @property {number} bytesPerConnection
 * @property {number} bytesPerNode of a node without connections
 *
 * @typedef {object} Plan
 * @property {number} nodes
 * @property {"processor" | "connections" | "memory"} boundBy
 * @property {number} nodeProcessors kept busy by all nodes together
 * @property {number} deliveriesPerSecond
 * @property {number} engineServers
 * @property {number} engineProcessors kept busy by all of them together
 * @property {number} busiestShare of a server's limit, of the busiest one when channels are dealt out by chance
 * @property {number} leaderShare of a server's limit, of what all messages to logs cost where one server orders them
 * @property {string} slowestGroup
 * @property {number} slowestMs that a message of that group keeps one node busy with its subscribers
 * @property {number} memoryBytes of all nodes
 */

/**
 * How many of the nodes have a subscriber of a channel, on average, when clients come to nodes by chance.
 *
 * @param {number} nodes
 * @param {number} subscribers
 */
export function nodesReached(nodes, subscribers) {
  return nodes * -Math.expm1(subscribers * Math.log1p(-1 / Math.max(nodes, 1 + 1e-9)));
}

/**
 * @param {Scenario} scenario
 * @param {import("./fit.js").Costs} costs
 * @param {Memory} memory
 * @param {Limits} limits
 * @returns {Plan}
 * @throws RangeError where what each node has to take leaves it no time, so that more of them do not help
 */
export function planOf(scenario, costs, memory, limits) {
  const byConnections = Math.ceil(scenario.connections / limits.connectionsPerNode);
  const room = limits.memoryBytesPerNode - memory.bytesPerNode;
  const byMemory = Math.ceil((scenario.connections * memory.bytesPerConnection) / room);
  let nodes = Math.max(byConnections, byMemory, 1);
  let boundBy = byMemory > byConnections ? "memory" : "connections";
  // More nodes have more copies to take: it is gone on until it is enough. With a subscriber on each of them there is an end.
  for (;;) {
    const enough = Math.ceil(processorsOf(scenario, costs, nodes) / limits.processorShare);
    if (enough <= nodes) break;
    if (enough > scenario.connections) throw new RangeError(`${scenario.name}: more nodes do not help`);
    nodes = enough;
    boundBy = "processor";
  }
  const engine = engineOf(scenario, costs, nodes, limits);
  const slowest = scenario.groups
    .map(({ name, subscribers }) => ({ name, ms: (subscribers / nodesReached(nodes, subscribers)) * costs.deliver }))
    .reduce((one, other) => (other.ms > one.ms ? other : one));
  return {
    nodes,
    boundBy,
    nodeProcessors: processorsOf(scenario, costs, nodes),
    deliveriesPerSecond: sum(scenario.groups.map((it) => it.channels * it.messagesPerSecond * it.subscribers)),
    ...engine,
    slowestGroup: slowest.name,
    slowestMs: slowest.ms / 1000,
    memoryBytes: scenario.connections * memory.bytesPerConnection + nodes * memory.bytesPerNode,
  };
}

/** Processors that all nodes together keep busy. */
function processorsOf({ groups }, { publish, receive, deliver }, nodes) {
  const microseconds = groups.map(({ channels, subscribers, messagesPerSecond }) => {
    const each = publish + receive * nodesReached(nodes, subscribers) + deliver * subscribers;
    return channels * messagesPerSecond * each;
  });
  return sum(microseconds) / 1e6;
}

/**
 * Servers of the engine. A message that is published at one goes to each other one that has a node which wants it; a copy to
 * a server is taken to cost what one to a node does, and taking it what a message does.
 */
function engineOf({ groups }, { engineMessage, engineCopy }, nodes, { engineProcessors, processorShare }) {
  const limit = engineProcessors * processorShare;
  const costOf = ({ subscribers, messagesPerSecond }, servers) => {
    const copies = nodesReached(nodes, subscribers);
    const others = servers === 1 ? 0 : nodesReached(servers, copies);
    return (messagesPerSecond * (engineMessage + engineCopy * (copies + others) + engineMessage * others)) / 1e6;
  };
  const allAt = (servers) => sum(groups.map((group) => group.channels * costOf(group, servers)));
  let servers = 1;
  for (let enough = Math.ceil(allAt(1) / limit); enough > servers; enough = Math.ceil(allAt(servers) / limit)) {
    servers = enough;
  }
  const busiest = busiestOf(
    groups.map((group) => ({ channels: group.channels, cost: costOf(group, 1) })),
    servers,
  );
  const appends = sum(groups.map(({ channels, messagesPerSecond }) => channels * messagesPerSecond)) * engineMessage;
  return {
    engineServers: servers,
    engineProcessors: allAt(servers),
    busiestShare: busiest / limit,
    leaderShare: appends / 1e6 / limit,
  };
}

// Beyond it, chance evens itself out: what is dealt out is a part of the channels, each with the weight of several.
const maxDealt = 200_000;

/**
 * Deals channels out to servers by chance, and tells what the busiest one gets.
 *
 * @param {readonly { channels: number, cost: number }[]} groups
 * @param {number} servers
 */
function busiestOf(groups, servers) {
  const chance = createChance();
  const load = new Float64Array(servers);
  for (const { channels, cost } of groups) {
    const dealt = Math.min(channels, maxDealt);
    for (let index = 0; index < dealt; index++) load[Math.floor(chance() * servers)] += (cost * channels) / dealt;
  }
  return load.reduce((one, other) => Math.max(one, other));
}

/** The same for everybody. */
function createChance() {
  let seed = 1;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 0x1_0000_0000;
  };
}

const sum = (/** @type {readonly number[]} */ values) => values.reduce((before, value) => before + value, 0);

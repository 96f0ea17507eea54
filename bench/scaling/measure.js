/**
 * Measures one system as so many nodes, once: starts the engine's server and the nodes, has each workload's load come to
 * them, and ends them all.
 */
import { fileURLToPath } from "node:url";
import { withChildren } from "../lib/child.js";
import { latencyFigures } from "../lib/figures.js";
import { loadCommand } from "../lib/load.js";
import { nodeCommand } from "../lib/peer.js";
import { readResidentBytes, readUsage, usageBetween } from "../lib/process-usage.js";
import { startEngineServer } from "./engine-servers.js";
import { holdToShare } from "./shares.js";
import { warmLoad } from "./workloads.js";

const nodeScript = fileURLToPath(new URL("node-process.js", import.meta.url));
const clusterScript = fileURLToPath(new URL("cluster-process.js", import.meta.url));

/**
 * @typedef {object} Settings
 * @property {import("../measure/window.js").Timing} timing
 * @property {boolean} quick
 * @property {string} [profileFolder] where nodes write CPU profiles
 */

/**
 * @typedef {object} Nodes that serve
 * @property {number[]} ports
 * @property {number[]} feedPorts
 * @property {string} speaks
 * @property {number[]} pids
 * @property {number} [enginePid] of what is beneath them; the nodes may be its children
 */

/**
 * @param {import("./systems.js").System} system
 * @param {number} nodes
 * @param {readonly import("./workloads.js").ScalingWorkload[]} workloads one after the other, each with new clients
 * @param {Settings} settings
 * @param {(workload: string, figures: Record<string, number>) => void} measured told of each
 * @returns {Promise<{ workload: string, error: Error }[]>} where something was delivered wrongly, stalled or ended
 */
export async function measureNodes(system, nodes, workloads, settings, measured) {
  const named = (name, error) => {
    const where = `${system.title}, ${nodes} ${nodes === 1 ? "node" : "nodes"}, ${name}`;
    return { workload: name, error: new Error(`${where}: ${error.message}`, { cause: error }) };
  };
  const engine = system.engine === "memory" ? undefined : await startEngineServer(system.engine);
  try {
    return await withChildren(async (processes) => {
      const running = await startNodes(system, nodes, { processes, engine, settings });
      await warmUp(running, processes.guard, settings);
      const failures = [];
      for (const workload of workloads) {
        // Rooms that are left and joined again in the same moment make the sharded adapter lose its subscriptions.
        await processes.pause(leaveMs);
        try {
          measured(workload.name, await processes.guard(measureWorkload(running, workload, settings)));
        } catch (error) {
          failures.push(named(workload.name, error));
        }
      }
      return failures;
    });
  } catch (error) {
    return workloads.map(({ name }) => named(name, error));
  } finally {
    await engine?.end();
  }
}

/** Code that has run a few times is not yet what it will be: as many messages as they can do, for as long as others warm up. */
function warmUp(running, guard, { timing, quick }) {
  const load = { ...loadOf({ load: warmLoad, quick: { connections: 40 } }, quick) };
  return withChildren(async ({ start, pause }) => {
    const loading = start("the load that warms up", loadCommand(load, whereOf(running)));
    await guard(loading.ask("start"));
    await pause(timing.warmUpMs);
    await loading.ask("finish");
  });
}

/**
 * @param {Nodes} running
 * @param {import("./workloads.js").ScalingWorkload} workload
 * @param {Settings} settings
 */
function measureWorkload(running, workload, { timing, quick }) {
  const load = loadOf(workload, quick);
  return withChildren(async ({ start, pause, guard }) => {
    const loading = start("the load", loadCommand(load, whereOf(running)));
    await guard(loading.ask("start"));
    const release = workload.share === undefined ? undefined : holdToShare(running.pids, workload.share);
    try {
      const window = await takeWindow(running, loading, pause, timing);
      release?.();
      await loading.ask("finish");
      return figuresOf(window, running.pids.length, load);
    } finally {
      release?.();
    }
  });
}

function loadOf({ load, quick: quickLoad }, quick) {
  return quick ? { ...load, ...quickLoad } : load;
}

function whereOf({ ports, feedPorts, speaks }) {
  return { port: ports, feedPort: feedPorts, speaks };
}

/**
 * @param {import("./systems.js").System} system
 * @param {number} nodes
 * @returns {Promise<Nodes>}
 */
async function startNodes(system, nodes, { processes, engine, settings }) {
  const details = { system: system.name, url: engine?.url, bytes: warmLoad.messageBytes, nodes };
  if (system.isOne && nodes > 1) {
    const first = processes.start(system.title, nodeCommand(clusterScript, [], settings.profileFolder));
    const { port, feedPorts, pids, speaks } = await processes.guard(first.ask("serve", details));
    return { ports: [port], feedPorts, speaks, pids, enginePid: first.pid };
  }
  const command = nodeCommand(nodeScript, [], settings.profileFolder);
  const children = Array.from({ length: nodes }, () => processes.start(system.title, command));
  const served = await processes.guard(Promise.all(children.map((child) => child.ask("serve", details))));
  return {
    ports: served.map(({ port }) => port),
    feedPorts: served.map(({ feedPort }) => feedPort),
    speaks: served[0].speaks,
    pids: children.map(({ pid }) => pid),
    ...(engine && { enginePid: engine.pid }),
  };
}

// Until nodes have told the engine's server that those of the last load are gone.
const leaveMs = 300;
// They are warm: what is waited for is that nothing is left of the beginning.
const settleMs = (/** @type {number} */ warmUpMs) => Math.min(500, warmUpMs);

/** What the nodes and the engine have used between two counts of what came. */
async function takeWindow({ pids, enginePid }, load, pause, { warmUpMs, windowMs }) {
  await pause(settleMs(warmUpMs));
  const all = enginePid === undefined ? pids : [...pids, enginePid];
  const loadBefore = await load.ask("count");
  const before = all.map(readUsage);
  await pause(windowMs);
  const loadAfter = await load.ask("count");
  const used = all.map((pid, index) => usageBetween(before[index], readUsage(pid)).cpuSeconds);
  const memory = all.map(readResidentBytes);
  const [nodeSeconds, nodeBytes] = [used, memory].map((values) => sum(values.slice(0, pids.length)));
  // Where the nodes are children of the engine's process, they are counted with it.
  const isParent = enginePid !== undefined && isChildOf(before, pids.length);
  const ownOf = (values, nodes) => (enginePid === undefined ? 0 : values[pids.length] - (isParent ? nodes : 0));
  return {
    loadBefore,
    loadAfter,
    nodeSeconds,
    nodeBytes,
    engineSeconds: Math.max(0, ownOf(used, nodeSeconds)),
    engineBytes: ownOf(memory, nodeBytes),
  };
}

/** Whether the threads of the first so many are among those of the last one. */
function isChildOf(usages, count) {
  const last = usages[count].threadNanoseconds;
  return usages
    .slice(0, count)
    .every(({ threadNanoseconds }) => [...threadNanoseconds.keys()].some((it) => last.has(it)));
}

const sum = (/** @type {readonly number[]} */ values) => values.reduce((before, value) => before + value, 0);

/** @param {Awaited<ReturnType<typeof takeWindow>>} window */
function figuresOf({ loadBefore, loadAfter, nodeSeconds, nodeBytes, engineSeconds, engineBytes }, nodes, load) {
  const deliveries = loadAfter.messages - loadBefore.messages;
  if (deliveries === 0) throw new Error("nothing was delivered");
  const seconds = loadAfter.atSeconds - loadBefore.atSeconds;
  const microseconds = (nodeSeconds * 1e6) / deliveries;
  const engineMicroseconds = (engineSeconds * 1e6) / deliveries;
  const subscribers = load.connections / load.rooms;
  return {
    deliveriesPerSecond: deliveries / seconds,
    cpuMicrosecondsPerDelivery: microseconds,
    engineCpuMicrosecondsPerDelivery: engineMicroseconds,
    cpuMicrosecondsPerPublished: microseconds * subscribers,
    engineCpuMicrosecondsPerPublished: engineMicroseconds * subscribers,
    ...latencyFigures(loadAfter.latencyMicroseconds),
    cores: nodeSeconds / seconds,
    loadCores: (loadAfter.cpuSeconds - loadBefore.cpuSeconds) / seconds,
    residentBytesPerNode: nodeBytes / nodes,
    engineResidentBytes: engineBytes,
  };
}

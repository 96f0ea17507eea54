/**
 * What each fault does to a world, and how it is undone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Link, LinkTrouble } from "./link.js";
import type { Loss } from "./network.js";
import { type Fault, type FaultKind, isOfLoss, isOfServers } from "./schedule.js";
import type { World } from "./world.js";

/** How long a node may drain before it is killed. */
const drainMs = 12_000;
const againMs = 500;

/** Whether a node, or the engine, cannot do what it should while a fault of a kind lasts. */
interface Reach {
  readonly node: boolean;
  readonly engine: boolean;
}

const nobody: Reach = { node: false, engine: false };
const itsNode: Reach = { node: true, engine: false };
const everybody: Reach = { node: false, engine: true };

/**
 * What presence and calls are excused by. A node that is dead or drains is none: that is what has to be noticed. Who is slow
 * has to be right all the same.
 */
const reaches: Readonly<Record<FaultKind, Reach>> = {
  "node-kill": nobody,
  "node-stop": itsNode,
  "node-drain": nobody,
  "node-lost": itsNode,
  "engine-cut": itsNode,
  "engine-stall": itsNode,
  "engine-half": itsNode,
  "engine-slow": nobody,
  "engine-lost": itsNode,
  "clients-cut": nobody,
  "clients-stall": itsNode,
  "clients-slow": nobody,
  "server-kill": everybody,
  "server-stop": everybody,
  "server-restart": everybody,
  "server-fill": everybody,
  "server-cut": everybody,
  "server-stall": everybody,
  "server-split": everybody,
  "server-alone": everybody,
  "server-lost": everybody,
  "server-empty": everybody,
};

/**
 * Lets a fault happen, and resolves when it is over. What is started again runs then. It is written down when that is so, or, of
 * a cluster of servers, when they have agreed on who leads: until then, nobody can ask them for anything.
 *
 * @param over ends waiting when the run is over before its time
 */
export async function injectFault(world: World, fault: Fault, over: AbortSignal): Promise<void> {
  const { kind, target } = fault;
  const at = Date.now();
  world.plan.log(`${kind} ${target} for ${fault.forMs} ms`);
  await befall(world, fault, over);
  const { node, engine } = reaches[kind];
  // TCP sends again what was lost after twice as long each time: the last wait is as long as all before it.
  const echoMs = isOfLoss(kind) ? fault.forMs : 0;
  const write = (): void =>
    world.journal.write({
      k: "fault",
      at,
      until: Date.now(),
      echoMs,
      kind,
      target,
      nodes: node ? [target] : [],
      engine,
    });
  const { servers } = world.plan;
  if (isOfServers(kind) && servers !== undefined)
    world.recovers(servers.back().then(() => (over.aborted ? undefined : write())));
  else write();
}

/** What a fault does to ways while it lasts. */
interface WayTrouble {
  readonly ways: readonly Link[];
  /** What befalls them; undefined: they lose what they carry. */
  readonly trouble?: LinkTrouble;
  readonly loss?: Loss;
}

const stalled: LinkTrouble = { isUpStalled: true, isDownStalled: true };
const lost: Loss = { isUpLost: true, isDownLost: true };
const halves: readonly LinkTrouble[] = [{ isUpStalled: true }, { isDownStalled: true }];
const losses: readonly Loss[] = [lost, { ...lost, isDownLost: false }, { ...lost, isUpLost: false }];

/** Undefined: it does nothing to ways. */
function wayTroubleOf(world: World, { kind, target, forMs, delayMs }: Fault): WayTrouble | undefined {
  const node = world.nodes[target];
  const engine = node?.ways ?? [];
  const clients = node === undefined ? [] : [node.way];
  const routes = world.plan.servers?.routesOf(target) ?? [];
  switch (kind) {
    case "engine-cut":
      return { ways: engine, trouble: { isCut: true } };
    case "engine-stall":
      return { ways: engine, trouble: stalled };
    case "engine-half":
      // By turns what it says does not arrive, and what it is told.
      return { ways: engine, trouble: halves[forMs % 2] ?? stalled };
    case "engine-slow":
      return { ways: engine, trouble: { delayMs } };
    case "engine-lost":
      // By turns everything, and what goes one way.
      return { ways: engine, loss: losses[forMs % 3] ?? lost };
    case "node-lost":
      return { ways: [...engine, ...clients], loss: lost };
    case "clients-cut":
      return { ways: clients, trouble: { isCut: true } };
    case "clients-stall":
      return { ways: clients, trouble: stalled };
    case "clients-slow":
      return { ways: clients, trouble: { delayMs } };
    case "server-cut":
      return { ways: routes, trouble: { isCut: true } };
    case "server-stall":
      return { ways: routes, trouble: stalled };
    case "server-split":
      return { ways: routes, loss: losses[forMs % 3] ?? lost };
    case "server-alone":
      return { ways: world.waysOfServer(target), trouble: { isCut: true } };
    case "server-lost":
      return { ways: world.waysOfServer(target), loss: lost };
    default:
      return undefined;
  }
}

async function befall(world: World, fault: Fault, over: AbortSignal): Promise<void> {
  const { kind, target, forMs } = fault;
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: over });
  const { servers, network } = world.plan;
  const onWays = wayTroubleOf(world, fault);
  if (onWays !== undefined) {
    const { ways, trouble, loss } = onWays;
    if (trouble !== undefined) for (const way of ways) way.trouble = trouble;
    if (loss !== undefined) await network.lose(ways, loss);
    await pause(forMs);
    if (trouble !== undefined) for (const way of ways) way.trouble = {};
    if (loss !== undefined) await network.lose(ways, { isUpLost: false, isDownLost: false });
    return;
  }
  const node = world.nodes[target];
  switch (kind) {
    case "node-kill":
      await node?.kill();
      await pause(forMs);
      await node?.start();
      break;
    case "node-stop":
      node?.pause(true);
      await pause(forMs);
      node?.pause(false);
      break;
    case "node-drain":
      await node?.drain(drainMs);
      await pause(forMs);
      await node?.start();
      break;
    case "server-kill":
      await servers?.kill(target);
      await pause(forMs);
      await servers?.start(target);
      break;
    case "server-stop":
      servers?.pause(target, true);
      await pause(forMs);
      servers?.pause(target, false);
      break;
    case "server-restart":
      await servers?.end(target);
      await pause(forMs);
      await servers?.start(target);
      break;
    case "server-empty":
      await servers?.kill(target);
      servers?.empty(target);
      await pause(forMs);
      await servers?.start(target);
      break;
    case "server-fill":
      // It may break off: then it is as full as it is.
      await servers?.fill().catch((error: unknown) => world.plan.log(`filling ended: ${String(error)}`));
      await pause(forMs);
      for (let isFree = false; !isFree; ) {
        isFree = await (servers?.free() ?? Promise.resolve()).then(
          () => true,
          () => false,
        );
        if (!isFree) await pause(againMs);
      }
      break;
    default:
      throw new RangeError(`no such fault: ${kind}`);
  }
}

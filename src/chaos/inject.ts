/**
 * What each fault does to a world, and how it is undone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, FaultKind } from "./schedule.js";
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
  "engine-cut": itsNode,
  "engine-stall": itsNode,
  "engine-half": itsNode,
  "engine-slow": nobody,
  "clients-cut": nobody,
  "clients-stall": itsNode,
  "clients-slow": nobody,
  "server-kill": everybody,
  "server-stop": everybody,
  "server-restart": everybody,
  "server-fill": everybody,
};

/**
 * Lets a fault happen, and resolves when it is over and has been written down. What is started again runs then.
 *
 * @param over ends waiting when the run is over before its time
 */
export async function injectFault(world: World, fault: Fault, over: AbortSignal): Promise<void> {
  const { kind, target } = fault;
  const at = Date.now();
  world.plan.log(`${kind} ${target} for ${fault.forMs} ms`);
  await befall(world, fault, over);
  const { node, engine } = reaches[kind];
  world.journal.write({ k: "fault", at, until: Date.now(), kind, target, nodes: node ? [target] : [], engine });
}

async function befall(world: World, { kind, target, forMs, delayMs }: Fault, over: AbortSignal): Promise<void> {
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: over });
  const node = world.nodes[target];
  const { servers } = world.plan;
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
    case "engine-cut":
      world.troubleEngine({ isCut: true }, target);
      await pause(forMs);
      world.troubleEngine({}, target);
      break;
    case "engine-stall":
      world.troubleEngine({ isUpStalled: true, isDownStalled: true }, target);
      await pause(forMs);
      world.troubleEngine({}, target);
      break;
    case "engine-half":
      // By turns what it says does not arrive, and what it is told.
      world.troubleEngine(forMs % 2 === 0 ? { isUpStalled: true } : { isDownStalled: true }, target);
      await pause(forMs);
      world.troubleEngine({}, target);
      break;
    case "engine-slow":
      world.troubleEngine({ delayMs }, target);
      await pause(forMs);
      world.troubleEngine({}, target);
      break;
    case "clients-cut":
      if (node !== undefined) node.way.trouble = { isCut: true };
      await pause(forMs);
      if (node !== undefined) node.way.trouble = {};
      break;
    case "clients-stall":
      if (node !== undefined) node.way.trouble = { isUpStalled: true, isDownStalled: true };
      await pause(forMs);
      if (node !== undefined) node.way.trouble = {};
      break;
    case "clients-slow":
      if (node !== undefined) node.way.trouble = { delayMs };
      await pause(forMs);
      if (node !== undefined) node.way.trouble = {};
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
    default: {
      const unknown: never = kind;
      throw new RangeError(`no such fault: ${String(unknown)}`);
    }
  }
}

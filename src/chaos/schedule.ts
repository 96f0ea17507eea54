/**
 * Which faults befall a run, and when: a function of the seed and of what there is, so that a run can be had again.
 *
 * A run is a row of rounds. In each, two lanes of faults go on side by side, one for nodes and their ways, one for servers
 * of the engine; what is in a lane comes one after the other, so that somebody is always left to go to. A round ends with
 * a calm, in which presence has to be right again; some calms begin with a node that is killed.
 */
import { Chance } from "./chance.js";

/** What can befall a run. */
export const faultKinds = [
  "node-kill",
  "node-stop",
  "node-drain",
  "node-lost",
  "engine-cut",
  "engine-stall",
  "engine-half",
  "engine-slow",
  "engine-lost",
  "clients-cut",
  "clients-stall",
  "clients-slow",
  "server-kill",
  "server-stop",
  "server-restart",
  "server-fill",
  "server-cut",
  "server-stall",
  "server-split",
  "server-alone",
  "server-lost",
] as const;

/** A server comes back with nothing of what it had: what it had acknowledged is gone. It comes only where it is asked for. */
export const emptying = "server-empty";

/** See `faultKinds`, and `emptying`. */
export type FaultKind = (typeof faultKinds)[number] | typeof emptying;

/** A fault that is to come. */
export interface Fault {
  readonly kind: FaultKind;
  /** Which node, or which server for the kinds of servers, from 0. */
  readonly target: number;
  /** Milliseconds from the beginning of the load. */
  readonly atMs: number;
  /** How long it lasts; for a kill, how long until what was killed is started again. */
  readonly forMs: number;
  /** Milliseconds by which each piece of data is late, for slow ways. */
  readonly delayMs: number;
}

/** What a schedule is made for. */
export interface SchedulePlan {
  readonly seed: number;
  /** Milliseconds of load. */
  readonly durationMs: number;
  readonly nodes: number;
  /** Servers of the engine that are ours to break; 0: none. */
  readonly servers: number;
  /** Which kinds may come. */
  readonly kinds: readonly FaultKind[];
}

/** How long a fault of each kind lasts, from and to, in milliseconds. */
const lengthsMs: Readonly<Record<FaultKind, readonly [from: number, to: number]>> = {
  "node-kill": [300, 4000],
  // Beyond what a node may be silent, and below.
  "node-stop": [1000, 12_000],
  "node-drain": [200, 2000],
  "node-lost": [1000, 12_000],
  "engine-cut": [200, 9000],
  "engine-stall": [1000, 12_000],
  "engine-half": [1000, 10_000],
  "engine-slow": [3000, 10_000],
  "engine-lost": [1000, 12_000],
  "clients-cut": [0, 2000],
  "clients-stall": [1000, 8000],
  "clients-slow": [3000, 8000],
  "server-kill": [200, 6000],
  "server-stop": [500, 8000],
  "server-restart": [0, 1000],
  "server-fill": [1000, 6000],
  // Longer than servers of a cluster are patient with who leads, and below.
  "server-cut": [500, 10_000],
  "server-stall": [1000, 12_000],
  "server-split": [1000, 12_000],
  "server-alone": [500, 8000],
  "server-lost": [1000, 8000],
  [emptying]: [200, 3000],
};

const stormMs = 45_000;
/** Ten seconds in which presence has to become right, and as many in which it has to stay so. */
const calmMs = 25_000;
/** Before the first fault, and after the last. */
const marginMs = 3000;
/** Between two faults of a lane. */
const nodePauseMs = [500, 5000] as const;
const serverPauseMs = [2000, 9000] as const;
const delaysMs = [20, 250] as const;

/** Whether a fault is one of the engine's servers. */
export function isOfServers(kind: FaultKind): boolean {
  return kind.startsWith("server-");
}

/** Whether what is sent gets lost, without a word to anybody. */
export function isOfLoss(kind: FaultKind): boolean {
  return kind.endsWith("-lost") || kind === "server-split";
}

/** What there is to befall. */
export interface Surroundings {
  /** Servers of the engine that are ours. */
  readonly servers: number;
  /** Whether ways can lose what they carry. */
  readonly canLose: boolean;
}

/** Whether a fault can befall what there is. */
export function canCome(kind: FaultKind, { servers, canLose }: Surroundings): boolean {
  if (isOfLoss(kind) && !canLose) return false;
  if (kind === "server-cut" || kind === "server-stall" || kind === "server-split") return servers > 1;
  // One of a cluster would get it all back from the others.
  if (kind === emptying) return servers === 1;
  // The ways to servers of others need not be ours.
  return servers > 0 || !(isOfServers(kind) || kind.startsWith("engine-"));
}

/** See the head of this file. @returns faults by the time at which they begin */
export function scheduleFaults(plan: SchedulePlan): readonly Fault[] {
  const chance = new Chance(plan.seed);
  const faults: Fault[] = [];
  const margin = Math.min(marginMs, plan.durationMs / 8);
  const end = plan.durationMs - margin;
  const nodeKinds = plan.kinds.filter((kind) => !isOfServers(kind));
  const serverKinds = plan.servers > 0 ? plan.kinds.filter(isOfServers) : [];
  const nodeBag = new Bag(chance, nodeKinds);
  const serverBag = new Bag(chance, serverKinds);
  const isShort = plan.durationMs < stormMs + calmMs;
  const canKill = plan.nodes > 1 && plan.kinds.includes("node-kill");
  for (let round = 0, from = margin; from < end; round++) {
    const to = isShort ? end : Math.min(end, from + stormMs);
    fillLane(chance, nodeBag, { from, to, targets: plan.nodes, pauseMs: nodePauseMs }, faults);
    fillLane(chance, serverBag, { from, to, targets: plan.servers, pauseMs: serverPauseMs }, faults);
    // Alone, so that nothing but its death has to be noticed.
    if (canKill && to + calmMs <= end && round % 2 === 0) {
      faults.push({ kind: "node-kill", target: chance.integer(0, plan.nodes - 1), atMs: to, forMs: 3000, delayMs: 0 });
    }
    from = to + calmMs;
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}

interface Lane {
  readonly from: number;
  readonly to: number;
  readonly targets: number;
  readonly pauseMs: readonly [from: number, to: number];
}

function fillLane(chance: Chance, bag: Bag, { from, to, targets, pauseMs }: Lane, faults: Fault[]): void {
  if (bag.isEmpty || targets === 0) return;
  const longestMs = Math.max(500, (to - from) / 3);
  for (let atMs = from + chance.between(0, Math.min(pauseMs[0], to - from)); atMs < to; ) {
    const kind = bag.draw();
    const [shortest, longest] = lengthsMs[kind];
    const forMs = Math.min(longestMs, to - atMs, chance.between(shortest, longest));
    faults.push({
      ...{ kind, atMs: Math.round(atMs), forMs: Math.round(forMs), target: chance.integer(0, targets - 1) },
      delayMs: kind.endsWith("-slow") ? Math.round(chance.between(...delaysMs)) : 0,
    });
    atMs += forMs + Math.min(chance.between(...pauseMs), longestMs);
  }
}

/** Every kind comes before one comes again. */
class Bag {
  readonly #chance: Chance;
  readonly #kinds: readonly FaultKind[];
  #left: FaultKind[] = [];

  constructor(chance: Chance, kinds: readonly FaultKind[]) {
    this.#chance = chance;
    this.#kinds = kinds;
  }

  get isEmpty(): boolean {
    return this.#kinds.length === 0;
  }

  draw(): FaultKind {
    if (this.#left.length === 0) this.#left = this.#chance.shuffled(this.#kinds);
    return this.#left.pop() as FaultKind;
  }
}

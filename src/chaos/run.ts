/**
 * A run: everything is started, clients do what they do while faults befall nodes and servers, then all comes to rest, and the
 * accounts are settled.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, settleAccounts } from "./accountant.js";
import { injectFault } from "./inject.js";
import { readJournals } from "./journal.js";
import { NatsServers } from "./nats-servers.js";
import { makeNetwork, type Network, type NetworkKind, planNetwork, serverHost } from "./network.js";
import { type ChaosOptions, type ResolvedChaosOptions, resolveOptions } from "./options.js";
import { RedisServers } from "./redis-servers.js";
import { canCome, emptying, type Fault, type FaultKind, isOfServers, scheduleFaults } from "./schedule.js";
import type { EngineServers } from "./servers.js";
import { World } from "./world.js";

/** What a run came to. */
export interface ChaosResult {
  readonly options: ResolvedChaosOptions;
  readonly schedule: readonly Fault[];
  /** What the ways between its processes were. */
  readonly network: NetworkKind;
  readonly account: Account;
  /** Where the journals are, where they were kept. */
  readonly journals: string | undefined;
}

const minuteMs = 60_000;
/** Clients of a room, about: enough for fan-out, few enough that two processors deliver it. */
const perRoom = 20;
const perBoard = 40;
const perScene = 40;
/** Clients that one process drives. */
const perProcess = 160;
/** How long all may take to come to rest, beyond which whoever has not is told of. */
const restMs = 60_000;
/** In which presence becomes right before it is looked at for the last time. */
const lastMs = 11_000;
const megabyte = 1_000_000;
/** A fault that would come later than this is left out. */
const lateMs = 3000;

/**
 * Runs it.
 *
 * @throws RangeError for an option that is out of its range; Error when something does not start; the reason of `signal`
 */
export async function runChaos(given: ChaosOptions): Promise<ChaosResult> {
  const options = resolveOptions(given);
  const folder = mkdtempSync(path.join(os.tmpdir(), "openline-chaos-"));
  let isKept = false;
  try {
    const { schedule, network } = await live(options, folder);
    options.log("settling the accounts");
    const account = await settleAccounts(readJournals(folder));
    isKept = options.keep;
    return { options, schedule, network, account, journals: isKept ? folder : undefined };
  } finally {
    if (!isKept) rmSync(folder, { recursive: true, force: true });
  }
}

async function startServers(
  options: ResolvedChaosOptions,
  folder: string,
  network: Network,
): Promise<EngineServers | undefined> {
  if (options.urls.length > 0) return undefined;
  if (options.engine === "redis") {
    return await RedisServers.start(folder, options.appendSync, network.place(serverHost(0)));
  }
  // Room for the run, and not so much that filling it takes long.
  const maxBytes = Math.round((64 + 16 * options.minutes) * megabyte);
  return await NatsServers.start(folder, options.servers, maxBytes, network);
}

/** What has been lived through. */
type Lived = Pick<ChaosResult, "schedule" | "network">;

/** From the network to the last line of the journals. */
async function live(options: ResolvedChaosOptions, folder: string): Promise<Lived> {
  const { nodes, servers, urls, log, signal } = options;
  signal?.throwIfAborted();
  // To servers of others, there are no ways of ours.
  const kind = urls.length > 0 ? "proxies" : options.network;
  const network = await makeNetwork(kind, planNetwork(nodes, servers), log);
  try {
    return { schedule: await liveOn(network, options, folder), network: network.kind };
  } finally {
    await network.close();
  }
}

async function liveOn(network: Network, options: ResolvedChaosOptions, folder: string): Promise<readonly Fault[]> {
  const { clients, nodes, seed, minutes, log, signal } = options;
  const boards = Math.ceil(clients / perBoard);
  const halls = Math.ceil(clients / perRoom);
  const servers = await startServers(options, folder, network);
  const prefix = `chaos_${seed}_${Date.now().toString(36)}`;
  const engine = { kind: options.engine, prefix, replicas: servers?.replicas ?? 0 };
  const world = new World({ folder, nodes, engine, urls: options.urls, servers, network, boards, halls, log });
  const count = servers?.count ?? 0;
  const surroundings = { servers: count, canLose: network.kind === "namespaces" };
  const wanted: readonly FaultKind[] = options.empty ? [...options.faults, emptying] : options.faults;
  const kinds = wanted.filter((kind) => canCome(kind, surroundings));
  const left = wanted.filter((kind) => !kinds.includes(kind));
  if (left.length > 0) log(`what cannot come here: ${left.join(", ")}`);
  const plan = { ...{ seed, nodes, kinds }, durationMs: minutes * minuteMs, servers: count };
  const schedule = scheduleFaults(plan);
  // What waits for its time has to stop when anything has failed.
  const ending = new AbortController();
  const end = (): void => ending.abort(signal?.reason);
  signal?.addEventListener("abort", end);
  const { signal: over } = ending;
  const aborted = new Promise<never>((_resolve, reject) => {
    over.addEventListener("abort", () => reject(over.reason as Error));
  });
  // Where nobody waits for it at the moment.
  aborted.catch(() => undefined);
  const course = async (): Promise<void> => {
    await world.start();
    await world.startClients({
      ...{ folder, seed, clients, boards, halls, rooms: halls, scenes: Math.ceil(clients / perScene) },
      processes: Math.ceil(clients / perProcess),
      actionMs: (1000 * clients) / options.rate,
    });
    log(`${clients} clients at ${nodes} nodes`);
    world.load();
    const lanes = [schedule.filter(({ kind }) => isOfServers(kind)), schedule.filter(({ kind }) => !isOfServers(kind))];
    await Promise.all([
      sleep(plan.durationMs, undefined, { signal: over }),
      ...lanes.map((lane) => befall(world, lane, over)),
    ]);
    await world.recovered();
    log("calm");
    await world.calm(restMs);
    const lastAtMs = performance.now();
    await world.sayEnd(restMs);
    await sleep(lastMs - (performance.now() - lastAtMs), undefined, { signal: over });
    await world.tellEnd(restMs);
  };
  try {
    await Promise.race([aborted, course()]);
  } finally {
    end();
    signal?.removeEventListener("abort", end);
    await world.close();
  }
  return schedule;
}

/**
 * Lets faults happen, each at its time and when the one before it is over. On a machine that is so busy that one takes much longer, those
 * whose time is past are left out, so that a run ends when it should.
 */
async function befall(world: World, lane: readonly Fault[], over: AbortSignal): Promise<void> {
  const startMs = performance.now();
  for (const fault of lane) {
    const waitMs = startMs + fault.atMs - performance.now();
    if (waitMs < -lateMs) {
      world.plan.log(`${fault.kind} ${fault.target} is left out: the one before it took too long`);
      continue;
    }
    await sleep(Math.max(0, waitMs), undefined, { signal: over });
    await injectFault(world, fault, over);
  }
}

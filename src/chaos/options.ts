/**
 * What can be set about a run, each with its default and the reason for it.
 */
import type { NetworkKind } from "./network.js";
import type { AppendSync } from "./redis-servers.js";
import { type FaultKind, faultKinds } from "./schedule.js";

/** See `runChaos`. */
export interface ChaosOptions {
  /** Which engine is tested. */
  readonly engine: "nats" | "redis";
  /** How long there is load and trouble. Default 1. */
  readonly minutes?: number;
  /** What the schedule of faults and all that clients do follow from; a whole number. Default: one by chance. */
  readonly seed?: number;
  /** Nodes, each a process. Default 3. */
  readonly nodes?: number;
  /** Clients, at least 2. Default 300. */
  readonly clients?: number;
  /** Things that all clients together do in a second. Default: as many as there are clients. */
  readonly rate?: number;
  /** Servers of NATS that are started: 1, or 3 for a cluster. Default 1. */
  readonly servers?: number;
  /** Servers that are there already, in place of our own: URLs. Nothing befalls them, nor the ways to them. */
  readonly urls?: readonly string[];
  /** When Redis writes to the disk. Default "always". */
  readonly appendSync?: AppendSync;
  /** Which faults may come. Default: all. */
  readonly faults?: readonly FaultKind[];
  /** Whether servers come back with nothing of what they had, too, so that what is gone has to be told. Default: no. */
  readonly empty?: boolean;
  /**
   * Whether nodes and servers have hosts of their own, between which things get lost (Linux, root, iproute2), or only proxies
   * between them. Default: hosts where they can be had.
   */
  readonly network?: NetworkKind | undefined;
  /** A file for the report; none where it is undefined. */
  readonly report?: string | undefined;
  /** Whether the journals are kept, and where they are is told. Default: where there is a violation, no. */
  readonly keep?: boolean;
  /** Gets a line for whatever happens. Default: none. */
  readonly log?: (line: string) => void;
  /** Ends the run, and everything that it has started. */
  readonly signal?: AbortSignal;
}

/** The same with every default filled in. */
export type ResolvedChaosOptions = Required<Omit<ChaosOptions, "report" | "signal" | "network">> &
  Pick<ChaosOptions, "report" | "signal" | "network">;

const maxSeed = 0x7fffffff;
const clusterServers = 3;

/** @throws RangeError for an option that is out of its range */
export function resolveOptions(options: ChaosOptions): ResolvedChaosOptions {
  const clients = whole("clients", options.clients ?? 300, 2);
  const servers = whole("servers", options.servers ?? 1, 1);
  if (servers !== 1 && !(options.engine === "nats" && servers === clusterServers)) {
    throw new RangeError("servers must be 1, or 3 for NATS");
  }
  const minutes = options.minutes ?? 1;
  if (!(minutes > 0)) throw new RangeError(`minutes must be a number above 0, and is ${minutes}`);
  for (const kind of options.faults ?? []) {
    if (!(faultKinds as readonly FaultKind[]).includes(kind)) throw new RangeError(`there is no fault ${kind}`);
  }
  const rate = options.rate ?? clients;
  if (!(rate > 0)) throw new RangeError(`rate must be a number above 0, and is ${rate}`);
  return {
    engine: options.engine,
    minutes,
    seed: whole("seed", options.seed ?? Math.floor(Math.random() * maxSeed), 0),
    // One that is befallen, one that goes on, and one to go to.
    nodes: whole("nodes", options.nodes ?? 3, 1),
    clients,
    // One thing a second is what a lively user does.
    rate,
    servers,
    urls: options.urls ?? [],
    // A killed process has lost nothing in either case; only this is so for a machine, too.
    appendSync: options.appendSync ?? "always",
    faults: options.faults ?? faultKinds,
    empty: options.empty ?? false,
    network: options.network,
    report: options.report,
    keep: options.keep ?? false,
    log: options.log ?? (() => undefined),
    ...(options.signal !== undefined && { signal: options.signal }),
  };
}

function whole(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number from ${least} on, and is ${value}`);
}

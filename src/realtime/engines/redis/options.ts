/**
 * What can be set about a Redis engine, each with its default and the reason for it.
 */
import type { ClusterNode, ClusterOptions, Redis, RedisOptions } from "ioredis";

/** What a client is made with. Scripts' answers are read as they are in the older protocol, whichever is spoken. */
export type ClientOptions = RedisOptions & { replyMapping: "legacy" };

/** See `redis`. */
export interface RedisEngineOptions {
  /** Where the server is. Default "redis://127.0.0.1:6379"; "rediss:" is TLS. */
  readonly url?: string;
  /** Some nodes of a Redis Cluster, in place of `url`; the others are found. */
  readonly cluster?: readonly ClusterNode[];
  /** Sentinels that know where the master is, and what they call it, in place of `url`. */
  readonly sentinels?: {
    readonly name: string;
    readonly nodes: readonly { readonly host: string; readonly port: number }[];
  };
  /** What else the client library takes for each connection: `username`, `password`, `tls`, `db`, `sentinelPassword`. */
  readonly connection?: RedisOptions;
  /** Makes a client of the library, in place of `new Redis`: to watch what it does. Not with `cluster`. */
  readonly createClient?: (options: ClientOptions, url: string | undefined) => Redis;
  /** What it takes for a Cluster beside that: `natMap`, `dnsLookup`. */
  readonly clusterOptions?: Omit<ClusterOptions, "redisOptions">;
  /**
   * What keys and channels begin with. Engines with the same one share everything, others nothing. Letters, digits,
   * "-" and "_". Default "openline".
   */
  readonly prefix?: string;
  /**
   * Replicas that must have what is appended and set before it is acknowledged (`WAIT`). Default 0. Not with `cluster`.
   */
  readonly replicas?: number;
  /** Refuses to start with a server that has no append-only file. Default false. */
  readonly requireAppendOnly?: boolean;
  /** Starts with a server that may evict keys when its memory is full, and thereby break what is promised. Default false. */
  readonly allowEviction?: boolean;
  /**
   * Milliseconds after which a log that nobody appended to is forgotten altogether, the position of its last message
   * with it. Grows to twice what a channel retains. Default 30 days.
   */
  readonly forgetAfterMs?: number;
  /** Changes of each state that are known, so that who was away gets them in place of a snapshot. Default 10,000. */
  readonly changesKept?: number;
  /** Milliseconds until a request that Redis does not answer is "unavailable". Default 5,000. */
  readonly timeoutMs?: number;
  /** Requests that wait for an answer at the same time; what is beyond is "unavailable". Default 100,000. */
  readonly maxPending?: number;
  /** Octets that they carry, all together, about; what is beyond is "unavailable". Default 64 MiB. */
  readonly maxPendingBytes?: number;
  /** Milliseconds between two looks at whether something that was told went lost. Default 5,000. */
  readonly auditIntervalMs?: number;
}

/** The same with every default filled in. */
export interface ResolvedOptions {
  readonly url: string;
  readonly cluster: readonly ClusterNode[] | undefined;
  readonly sentinels: RedisEngineOptions["sentinels"];
  readonly connection: RedisOptions;
  readonly createClient: RedisEngineOptions["createClient"];
  readonly clusterOptions: Omit<ClusterOptions, "redisOptions">;
  readonly prefix: string;
  readonly replicas: number;
  readonly requireAppendOnly: boolean;
  readonly allowEviction: boolean;
  readonly forgetAfterMs: number;
  readonly changesKept: number;
  readonly timeoutMs: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly auditIntervalMs: number;
}

const defaultServer = "redis://127.0.0.1:6379";
const dayMs = 86_400_000;

/** @throws RangeError for an option that is out of its range, or options that do not go together */
export function resolveOptions(options: RedisEngineOptions): ResolvedOptions {
  const { prefix = "openline", cluster, sentinels, replicas = 0 } = options;
  if (!/^[\w-]+$/u.test(prefix))
    throw new RangeError(`prefix must be letters, digits, "-" and "_", and is "${prefix}"`);
  if ([options.url, cluster, sentinels].filter((place) => place !== undefined).length > 1) {
    throw new RangeError("url, cluster and sentinels are three ways to say where Redis is: use one");
  }
  if (cluster?.length === 0) throw new RangeError("cluster must name at least one node");
  if (cluster !== undefined && replicas !== 0) {
    throw new RangeError("replicas cannot be waited for in a Cluster: use min-replicas-to-write of its servers");
  }
  if (options.connection?.keyPrefix !== undefined) {
    throw new RangeError("keyPrefix is not for channels, which belong to their keys: use prefix");
  }
  return {
    url: options.url ?? defaultServer,
    cluster,
    sentinels,
    connection: options.connection ?? {},
    createClient: options.createClient,
    clusterOptions: options.clusterOptions ?? {},
    prefix,
    replicas: replicas === 0 ? 0 : whole("replicas", replicas),
    requireAppendOnly: options.requireAppendOnly ?? false,
    allowEviction: options.allowEviction ?? false,
    // Longer than a page stays open, so that hardly anybody comes back to a log that is forgotten.
    forgetAfterMs: whole("forgetAfterMs", options.forgetAfterMs ?? 30 * dayMs),
    // A name each; with more to tell, a snapshot is hardly longer.
    changesKept: whole("changesKept", options.changesKept ?? 10_000),
    // As long as other engines wait.
    timeoutMs: whole("timeoutMs", options.timeoutMs ?? 5000),
    // More than a server does in a second: one that is so far behind does not catch up.
    maxPending: whole("maxPending", options.maxPending ?? 100_000),
    // A quarter of what the memory engine may take.
    maxPendingBytes: whole("maxPendingBytes", options.maxPendingBytes ?? 67_108_864),
    // A lost connection is noticed at once; this is for what goes lost without one.
    auditIntervalMs: whole("auditIntervalMs", options.auditIntervalMs ?? 5000),
  };
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be a whole number from 1 on, and is ${value}`);
  }
  return value;
}

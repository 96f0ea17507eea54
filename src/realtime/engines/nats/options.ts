/**
 * What can be set about a NATS engine, each with its default and the reason for it.
 */
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";

/** See `nats`. */
export interface NatsOptions {
  /** Where NATS is: one URL of a server, or some of a cluster, whose others are found. Default "nats://127.0.0.1:4222". */
  readonly servers?: string | readonly string[];
  /**
   * What else the client library takes: credentials (`user` and `pass`, `token`, `authenticator`), `tls`, `name`, waits
   * between attempts to reconnect. It reconnects for ever, unless this says otherwise.
   */
  readonly connection?: Omit<NodeConnectionOptions, "servers">;
  /** How to connect, in place of the client library's `connect`: over a WebSocket, for instance. */
  readonly connect?: (options: NodeConnectionOptions) => Promise<NatsConnection>;
  /**
   * What subjects and streams begin with. Engines with the same one share everything, others nothing. Letters, digits,
   * "-" and "_". Default "openline".
   */
  readonly prefix?: string;
  /** The JetStream domain. Default: the account's own. */
  readonly domain?: string;
  /** Where streams that are not there yet keep what they have. Default "file". */
  readonly storage?: "file" | "memory";
  /** Copies of each stream that is not there yet, 1 to 5; a cluster wants 3. Default 1. */
  readonly replicas?: number;
  /** Octets of all logs together, beyond which the oldest messages of all are dropped. Default: as the account has. */
  readonly maxLogBytes?: number;
  /**
   * Milliseconds after which a log that nobody appended to is forgotten altogether, the position of its last message
   * with it. Grows to twice what a channel retains. Default 30 days.
   */
  readonly forgetAfterMs?: number;
  /** Milliseconds for which deletions in states are known, so that who was away hears of them. Default an hour. */
  readonly deletionsKnownMs?: number;
  /** Octets of logs that are kept in this process for reading, beyond those that are being followed. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Milliseconds until a request that NATS does not answer is "unavailable". Default 5,000. */
  readonly timeoutMs?: number;
  /** Milliseconds between two looks at whether something went lost on its way through a cluster. Default 5,000. */
  readonly auditIntervalMs?: number;
}

/** The same with every default filled in. */
export interface ResolvedOptions {
  readonly connection: NodeConnectionOptions;
  readonly connect: ((options: NodeConnectionOptions) => Promise<NatsConnection>) | undefined;
  readonly prefix: string;
  readonly api: string;
  readonly storage: "file" | "memory";
  readonly replicas: number;
  /** -1: no limit, as JetStream writes it. */
  readonly maxLogBytes: number;
  readonly forgetAfterMs: number;
  readonly deletionsKnownMs: number;
  readonly cacheBytes: number;
  readonly timeoutMs: number;
  readonly auditIntervalMs: number;
}

const defaultServer = "nats://127.0.0.1:4222";
const dayMs = 86_400_000;
// Half a second at first would be felt by everybody; the client library's own two seconds, too.
const reconnectTimeWaitMs = 250;
const maxReplicas = 5;

/** @throws RangeError for an option that is out of its range */
export function resolveOptions(options: NatsOptions): ResolvedOptions {
  const { servers = defaultServer, prefix = "openline", storage = "file", domain } = options;
  if (!/^[\w-]+$/u.test(prefix))
    throw new RangeError(`prefix must be letters, digits, "-" and "_", and is "${prefix}"`);
  const replicas = whole("replicas", options.replicas ?? 1);
  if (replicas > maxReplicas) throw new RangeError(`replicas must be 1 to ${maxReplicas}, and is ${replicas}`);
  return {
    connection: {
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectTimeWaitMs,
      name: "openline",
      // Two stacks for each request, which nobody reads: a tenth of what a node does that appends much.
      noAsyncTraces: true,
      ...options.connection,
      servers: typeof servers === "string" ? servers : [...servers],
    },
    connect: options.connect,
    prefix,
    api: domain === undefined ? "$JS.API" : `$JS.${domain}.API`,
    storage,
    replicas,
    maxLogBytes: options.maxLogBytes === undefined ? -1 : whole("maxLogBytes", options.maxLogBytes),
    // Longer than a page stays open, so that hardly anybody comes back to a log that is forgotten.
    forgetAfterMs: whole("forgetAfterMs", options.forgetAfterMs ?? 30 * dayMs),
    // A client that is away for longer gets a snapshot.
    deletionsKnownMs: whole("deletionsKnownMs", options.deletionsKnownMs ?? 3_600_000),
    // A quarter of what the memory engine may take.
    cacheBytes: whole("cacheBytes", options.cacheBytes ?? 67_108_864),
    // As the client library has for requests to JetStream.
    timeoutMs: whole("timeoutMs", options.timeoutMs ?? 5000),
    // Only a broken route between two servers goes unnoticed otherwise; five seconds are heard of by few.
    auditIntervalMs: whole("auditIntervalMs", options.auditIntervalMs ?? 5000),
  };
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} must be a whole number from 1 on, and is ${value}`);
  }
  return value;
}

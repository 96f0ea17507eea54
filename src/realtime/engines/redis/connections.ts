/**
 * The connections to Redis: one for requests and one for what is told, or to each node of a Cluster the same.
 */
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { ClientOptions, ResolvedOptions } from "./options.js";

// Half a second at first would be felt by everybody.
const firstRetryMs = 50;
const maxRetryMs = 1000;

/** How long to wait before the next attempt to connect: longer each time, and not all nodes at once. */
function retryMs(attempt: number): number {
  return Math.min(firstRetryMs * 2 ** Math.min(attempt, 10), maxRetryMs) * (0.5 + Math.random() / 2);
}

/** See the head of this file. */
export interface Connections {
  readonly requests: Redis | Cluster;
  /** The same as `requests` in a Cluster, whose client has connections of its own for it. */
  readonly told: Redis | Cluster;
}

/** Makes connections, which are not open yet. */
export function createConnections(options: ResolvedOptions): Connections {
  if (options.cluster !== undefined) {
    const cluster = createCluster(options);
    return { requests: cluster, told: cluster };
  }
  const common = {
    retryStrategy: retryMs,
    ...(options.sentinels !== undefined && {
      sentinels: options.sentinels.nodes.map((node) => ({ ...node })),
      name: options.sentinels.name,
      failoverDetector: true,
      sentinelRetryStrategy: retryMs,
    }),
    connectionName: "openline",
    ...options.connection,
    lazyConnect: true,
    // What was on its way when a connection broke is not sent again by anybody who does not know what it is.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  };
  const url = options.sentinels === undefined ? options.url : undefined;
  const create = (more: RedisOptions): Redis => {
    const all: ClientOptions = { ...common, ...more, replyMapping: "legacy" };
    if (options.createClient !== undefined) return guarded(options.createClient(all, url));
    return guarded(url === undefined ? new Redis(all) : new Redis(url, all));
  };
  return {
    requests: create({ commandTimeout: options.timeoutMs }),
    told: create({ commandTimeout: options.timeoutMs, autoResubscribe: false }),
  };
}

/**
 * Hears what a TLS connection says that is ended amid its handshake. The client library listens to the first error of a
 * connection, and such a one has two; the second would end the process.
 */
function guarded(client: Redis): Redis {
  client.on("connecting", () => {
    // It has a stream of its own when this turn is over.
    setImmediate(() => {
      const { stream } = client as { readonly stream?: Redis["stream"] };
      stream?.on("error", () => undefined);
    });
  });
  return client;
}

function createCluster(options: ResolvedOptions): Cluster {
  const cluster = new Cluster([...(options.cluster ?? [])], {
    clusterRetryStrategy: retryMs,
    // The library goes on for ever where it is closed amid that: who looks at everything else looks at that, too.
    slotsRefreshInterval: 0,
    ...options.clusterOptions,
    redisOptions: { ...options.connection, commandTimeout: options.timeoutMs, replyMapping: "legacy" as const },
    lazyConnect: true,
    enableOfflineQueue: false,
    shardedSubscribers: true,
    // As above: a request to a node that has gone may have been done.
    retryDelayOnFailover: 0,
  });
  cluster.on("+node", (node: Redis) => guarded(node));
  return cluster;
}

/** Connections that are being given up. */
const abandoned = new WeakSet<object>();

/**
 * Gives up a connection, so that the client library makes another. Once for each: the library listens and sets a timer with every
 * time, for as long as the old one takes to end.
 */
export function abandon(client: Redis): void {
  const { stream } = client as { readonly stream?: Redis["stream"] };
  if (stream === undefined || abandoned.has(stream)) return;
  abandoned.add(stream);
  client.disconnect(true);
}

/** All servers that are written to. */
export function mastersOf(client: Redis | Cluster): Redis[] {
  return client instanceof Cluster ? client.nodes("master") : [client];
}

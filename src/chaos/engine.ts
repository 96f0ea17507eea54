/**
 * The engine under test, made in a node of what it was told.
 */
import type { Engine } from "../realtime/index.js";
import type { EngineChoice } from "./servers.js";

/** Makes it. The other engine's client need not be installed. */
export async function createEngine({ kind, urls, prefix, replicas }: EngineChoice): Promise<Engine> {
  if (kind === "nats") {
    const { nats } = await import("../realtime/engines/nats/index.js");
    // What servers tell of each other leads past the ways that can be broken.
    return nats({ servers: urls, prefix, replicas, connection: { ignoreClusterUpdates: true } });
  }
  const { redis } = await import("../realtime/engines/redis/index.js");
  const [url] = urls;
  return redis({ prefix, replicas, ...(url !== undefined && { url }) });
}

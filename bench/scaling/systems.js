/**
 * What is measured as several nodes: openline over each of its engines, and Socket.IO over each of its adapters for Redis,
 * which have no other engine in common.
 *
 * @typedef {object} System
 * @property {string} name for `--peer`
 * @property {string} title for people
 * @property {"nats" | "redis" | "memory"} engine
 * @property {readonly string[]} packages that it consists of
 * @property {boolean} [isOne] whether its nodes are one program that starts the others (`openline/cluster`), and share a
 *   port; one node is a process by itself then
 * @property {(parts: { url?: string, bytes: number, engine?: any }) => Promise<import("../lib/realtime-servers.js").RealtimeServer>}
 *   serve starts a node, in the process of the node
 */
import { serveOpenline, serveSocketIo } from "../lib/realtime-servers.js";

const natsEngine = async (url) => (await import("openline/engines/nats")).nats({ servers: [url] });
const redisEngine = async (url) => (await import("openline/engines/redis")).redis({ url });

/**
 * openline over an engine.
 *
 * @param {"log" | "signal"} kind
 * @param {"nats" | "redis"} engine
 * @param {string} title
 * @param {(url: string) => Promise<any>} create
 * @param {string} client the package that it talks to the engine's server with
 * @returns {System}
 */
function openline(kind, engine, title, create, client) {
  return {
    name: `openline-${engine}${kind === "log" ? "" : "-signal"}`,
    title,
    engine,
    packages: ["openline", client],
    serve: async ({ url, bytes }) => serveOpenline(kind, bytes, await create(url)),
  };
}

/**
 * @param {"log" | "signal"} kind
 * @param {string} title
 * @returns {System}
 */
function inMemory(kind, title) {
  return {
    name: `openline-memory${kind === "log" ? "" : "-signal"}`,
    title,
    engine: "memory",
    packages: ["openline"],
    isOne: true,
    serve: ({ bytes, engine }) => serveOpenline(kind, bytes, engine),
  };
}

/**
 * Socket.IO as its page on performance advises, over an adapter as that one's page has it.
 *
 * @param {string} name
 * @param {string} title
 * @param {string} adapter the package
 * @param {(module: any, client: any) => Promise<any>} create
 * @returns {System}
 */
function socketIo(name, title, adapter, create) {
  return {
    name: `socket.io-${name}`,
    title,
    engine: "redis",
    packages: ["socket.io", adapter, "redis", "bufferutil"],
    async serve({ url, bytes }) {
      const { createClient } = await import("redis");
      const client = createClient({ url });
      await client.connect();
      const chosen = await create(await import(adapter), client);
      const options = {
        transports: ["websocket"],
        perMessageDeflate: false,
        httpCompression: false,
        serveClient: false,
      };
      return serveSocketIo(bytes, { options: { ...options, adapter: chosen }, keepsRequests: false });
    },
  };
}

/** A second connection, since one that subscribes may do nothing else. */
async function subscriberOf(client) {
  const subscriber = client.duplicate();
  await subscriber.connect();
  return subscriber;
}

/** @type {readonly System[]} */
export const systems = [
  openline("log", "nats", "openline, logs over NATS", natsEngine, "@nats-io/transport-node"),
  openline("signal", "nats", "openline, signals over NATS", natsEngine, "@nats-io/transport-node"),
  openline("log", "redis", "openline, logs over Redis", redisEngine, "ioredis"),
  openline("signal", "redis", "openline, signals over Redis", redisEngine, "ioredis"),
  inMemory("log", "openline, logs, cluster()"),
  inMemory("signal", "openline, signals, cluster()"),
  socketIo("streams", "Socket.IO, streams adapter", "@socket.io/redis-streams-adapter", async (module, client) =>
    module.createAdapter(client),
  ),
  socketIo("redis", "Socket.IO, Redis adapter", "@socket.io/redis-adapter", async (module, client) =>
    module.createAdapter(client, await subscriberOf(client)),
  ),
  socketIo("sharded", "Socket.IO, sharded adapter", "@socket.io/redis-adapter", async (module, client) =>
    module.createShardedAdapter(client, await subscriberOf(client)),
  ),
];

/** @param {string} name */
export function systemNamed(name) {
  const found = systems.find((system) => system.name === name);
  if (found === undefined)
    throw new Error(`no such peer: ${name}; there are ${systems.map((it) => it.name).join(", ")}`);
  return found;
}

/**
 * What is done to Redis in the tests of faults.
 */
import { Redis } from "ioredis";
import type {
  FaultNode,
  FaultNodes,
  FaultServer,
  FaultWorld,
  LinkEvent,
  NodeOptions,
  ServerKind,
} from "../faults/world.js";
import type { TcpProxy } from "../proxy.js";
import { Recorder } from "../recorders.js";
import { noRedis, RedisServer } from "./server.js";
import { RedisNodes } from "./world.js";

const configs: Readonly<Record<ServerKind, readonly string[]>> = {
  // With "everysec", a server whose disk is slow puts off writing what it has acknowledged.
  kept: ["--appendonly", "yes", "--appendfsync", "always"],
  forgetful: [],
  impatient: ["--client-output-buffer-limit", "pubsub 1mb 1mb 1"],
};

/** See the head of this file. */
export const redisFaultWorld: FaultWorld = {
  name: "Redis",
  skip: noRedis,
  manyMessages: 20,
  async startServer(kind) {
    return new RedisFaultServer(await RedisServer.start(...configs[kind]), kind);
  },
};

class RedisFaultServer implements FaultServer {
  readonly #server: RedisServer;
  readonly #kind: ServerKind;

  constructor(server: RedisServer, kind: ServerKind) {
    this.#server = server;
    this.#kind = kind;
  }

  get port(): number {
    return this.#server.port;
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  resume(): Promise<void> {
    return this.#server.resume();
  }

  pause(): Promise<void> {
    return this.#server.pause();
  }

  unpause(): void {
    this.#server.unpause();
  }

  async fill(): Promise<() => Promise<void>> {
    const client = new Redis(this.#server.url);
    await client.config("SET", "maxmemory", "1");
    return async () => {
      await client.config("SET", "maxmemory", "0");
      client.disconnect();
    };
  }

  nodes(options: NodeOptions = {}): FaultNodes {
    return new RedisFaultNodes({ url: this.#server.url, requireAppendOnly: this.#kind === "kept", ...options });
  }

  dispose(): Promise<void> {
    return this.#server.dispose();
  }
}

class RedisFaultNodes implements FaultNodes {
  readonly #nodes: RedisNodes;

  constructor(...options: ConstructorParameters<typeof RedisNodes>) {
    this.#nodes = new RedisNodes(...options);
  }

  async start(proxy?: TcpProxy): Promise<FaultNode> {
    const link = new Recorder<LinkEvent>();
    const first = this.#nodes.clients.length;
    const engine = await this.#nodes.start(proxy === undefined ? {} : { url: proxy.url("redis") });
    // The one for requests, and the one that hears: a server cuts off the second.
    const ofThis = this.#nodes.clients.slice(first);
    for (const client of ofThis) {
      client.on("close", () => link.add("lost"));
      client.on("ready", () => {
        if (ofThis.every(({ status }) => status === "ready")) link.add("back");
      });
    }
    return { engine, link };
  }

  dispose(): Promise<void> {
    return this.#nodes.dispose();
  }
}

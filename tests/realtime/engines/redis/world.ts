/**
 * Engines over a Redis server of the tests' own.
 */
import { Redis } from "ioredis";
import type { Engine, EngineHost } from "#src/realtime/engines/index.js";
import { type RedisEngineOptions, redis } from "#src/realtime/engines/redis/index.js";
import type { EngineSubject } from "#src/testing/index.js";
import { HoldingHosts, realHost } from "../world.js";

let prefixes = 0;

// Of each master of a Cluster of three, at least one.
const ofEach = ["a", "b", "c", "d", "e"];

/** Asks every master of a Cluster, over the connections of an engine. */
async function askAll(engine: Engine): Promise<void> {
  if (!engine.health().isAvailable) return;
  await Promise.all(ofEach.map((name) => engine.logs.bounds(name))).catch(() => undefined);
}

/** Engines that share one prefix, which is theirs alone. */
export class RedisNodes implements EngineSubject {
  readonly prefix: string = `t${String(prefixes++)}`;
  readonly #options: RedisEngineOptions;
  readonly clients: Redis[] = [];
  readonly #engines: Engine[] = [];

  /** @param options of all of them */
  constructor(options: RedisEngineOptions) {
    this.#options = { prefix: this.prefix, connection: { retryStrategy: () => 10 }, ...options };
  }

  create(options: RedisEngineOptions = {}): Engine {
    const engine = redis({
      ...this.#options,
      createClient: (connection, url) => {
        const client = url === undefined ? new Redis(connection) : new Redis(url, connection);
        this.clients.push(client);
        return client;
      },
      ...options,
    });
    this.#engines.push(engine);
    const start = engine.start.bind(engine);
    engine.start = (host) => start(this.#holding.of(host));
    return engine;
  }

  readonly #holding = new HoldingHosts(() => this.settle());

  /** Makes an engine, and starts it in real time. */
  async start(options: RedisEngineOptions = {}, host: EngineHost = realHost()): Promise<Engine> {
    const engine = this.create(options);
    await engine.start(host);
    return engine;
  }

  reopen(): Engine {
    return this.create();
  }

  /** What was sent has been taken by the server, and then what it had to say of it has come. */
  async settle(): Promise<void> {
    if (this.#options.cluster !== undefined) {
      for (let time = 0; time < 2; time++) await Promise.all(this.#engines.map((engine) => askAll(engine)));
      return;
    }
    for (let time = 0; time < 2; time++) {
      for (const client of this.clients) if (client.status === "ready") await client.ping().catch(() => undefined);
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

/**
 * Engines over a NATS server of the tests' own.
 */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Engine, EngineHost } from "#src/realtime/engines/index.js";
import { type NatsOptions, nats } from "#src/realtime/engines/nats/index.js";
import type { EngineSubject } from "#src/testing/index.js";
import { HoldingHosts, realHost } from "../world.js";
import { NatsServer } from "./server.js";

let prefixes = 0;

/** Engines that share one prefix, which is theirs alone. */
export class NatsNodes implements EngineSubject {
  readonly prefix: string;
  readonly #options: NatsOptions;
  readonly connections: NatsConnection[] = [];
  readonly #engines: Engine[] = [];
  readonly #holding = new HoldingHosts(() => this.settle());

  /**
   * @param servers one, or the URLs of some
   * @param options of all of them
   */
  constructor(servers: NatsServer | readonly string[], options: NatsOptions = {}) {
    this.prefix = options.prefix ?? `t${String(prefixes++)}`;
    const connection = { reconnectTimeWait: 10, reconnectJitter: 0 };
    const where = servers instanceof NatsServer ? servers.url : servers;
    this.#options = { servers: where, prefix: this.prefix, storage: "memory", connection, ...options };
  }

  create(options: NatsOptions = {}): Engine {
    const engine = nats({
      ...this.#options,
      connect: async (connection) => {
        const connected = await connect(connection);
        this.connections.push(connected);
        return connected;
      },
      ...options,
    });
    this.#engines.push(engine);
    const start = engine.start.bind(engine);
    engine.start = (host) => start(this.#holding.of(host));
    return engine;
  }

  /** Makes an engine, and starts it in real time. */
  async start(options: NatsOptions = {}, host: EngineHost = realHost()): Promise<Engine> {
    const engine = this.create(options);
    await engine.start(host);
    return engine;
  }

  reopen(): Engine {
    return this.create();
  }

  /** What was sent has been taken by the server, and then what it had to say of it has come. */
  async settle(): Promise<void> {
    // What is asked in a turn leaves at its end.
    await new Promise(setImmediate);
    for (let time = 0; time < 2; time++) {
      const open = this.connections.filter((connection) => !connection.isClosed());
      await Promise.all(open.map((connection) => connection.flush()));
    }
  }

  /** Forgets all that its streams have, where there are any. */
  async empty(connection: NatsConnection): Promise<void> {
    const names = ["log", "state", "key", "call", "presence"].map((kind) => `${this.prefix}_${kind}`);
    await Promise.all(names.map((name) => connection.request(`$JS.API.STREAM.PURGE.${name}`)));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

/**
 * Engines over a NATS server of the tests' own.
 */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Engine } from "#src/realtime/engines/index.js";
import { type NatsOptions, nats } from "#src/realtime/engines/nats/index.js";
import type { EngineSubject } from "#src/testing/index.js";
import type { NatsServer } from "./server.js";

let prefixes = 0;

/** Engines that share one prefix, which is theirs alone. */
export class NatsNodes implements EngineSubject {
  readonly #options: NatsOptions;
  readonly connections: NatsConnection[] = [];
  readonly #engines: Engine[] = [];

  constructor(server: NatsServer, options: NatsOptions = {}) {
    this.#options = { servers: server.url, prefix: `t${String(prefixes++)}`, storage: "memory", ...options };
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
    return engine;
  }

  reopen(): Engine {
    return this.create();
  }

  /** What was sent has been taken by the server, and then what it had to say of it has come. */
  async settle(): Promise<void> {
    for (let time = 0; time < 2; time++) {
      const open = this.connections.filter((connection) => !connection.isClosed());
      await Promise.all(open.map((connection) => connection.flush()));
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

/**
 * What is done to NATS in the tests of faults.
 */
import { connect } from "@nats-io/transport-node";
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
import { NatsServer, noNats } from "./server.js";
import { NatsNodes } from "./world.js";

const memoryBytes = 8_388_608;
const configs: Readonly<Record<ServerKind, string>> = {
  kept: 'jetstream: { store_dir: "%/store" }',
  forgetful: `jetstream: { store_dir: "%/store", max_memory_store: ${String(memoryBytes)} }`,
  impatient: 'jetstream: { store_dir: "%/store" }\nwrite_deadline: "100ms"\nmax_pending: 4194304\n',
};

/** See the head of this file. */
export const natsFaultWorld: FaultWorld = {
  name: "NATS",
  skip: noNats,
  // Nodes trim what is past a little later.
  manyMessages: 200,
  async startServer(kind) {
    return new NatsFaultServer(await NatsServer.start(configs[kind]), kind);
  },
};

class NatsFaultServer implements FaultServer {
  readonly #server: NatsServer;
  readonly #kind: ServerKind;

  constructor(server: NatsServer, kind: ServerKind) {
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

  /** Somebody else's stream takes all the memory there is. */
  async fill(): Promise<() => Promise<void>> {
    const connection = await connect({ servers: this.#server.url });
    const ask = async (subject: string, payload: string): Promise<boolean> =>
      !("error" in (await connection.request(subject, payload)).json<object>());
    await ask("$JS.API.STREAM.CREATE.others", JSON.stringify({ name: "others", subjects: ["o"], storage: "memory" }));
    // Less and less, until nothing at all fits.
    for (let bytes = 500_000; bytes >= 1; bytes = Math.floor(bytes / 10)) {
      while (await ask("o", "x".repeat(bytes)));
    }
    return async () => {
      await ask("$JS.API.STREAM.DELETE.others", "");
      await connection.close();
    };
  }

  nodes(options: NodeOptions = {}): FaultNodes {
    return new NatsFaultNodes(this.#server, { ...options, storage: this.#kind === "kept" ? "file" : "memory" });
  }

  async dispose(): Promise<void> {
    await this.#server.dispose();
  }
}

class NatsFaultNodes implements FaultNodes {
  readonly #nodes: NatsNodes;

  constructor(...options: ConstructorParameters<typeof NatsNodes>) {
    this.#nodes = new NatsNodes(...options);
  }

  async start(proxy?: TcpProxy): Promise<FaultNode> {
    const link = new Recorder<LinkEvent>();
    const engine = await this.#nodes.start({
      ...(proxy !== undefined && { servers: proxy.url("nats") }),
      connect: async (options) => {
        const connection = await connect(options);
        void (async () => {
          for await (const { type } of connection.status()) {
            if (type === "disconnect") link.add("lost");
            if (type === "reconnect") link.add("back");
          }
        })();
        return connection;
      },
    });
    return { engine, link };
  }

  dispose(): Promise<void> {
    return this.#nodes.dispose();
  }
}

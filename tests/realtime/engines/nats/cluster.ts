/**
 * Three NATS servers of the tests' own that are one cluster. The third is joined to the others by ways that can be cut.
 */
import { once } from "node:events";
import net from "node:net";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { TcpProxy } from "../proxy.js";
import { realHost } from "../world.js";
import { NatsServer } from "./server.js";

const serverCount = 3;
const betweenLooksMs = 50;
const maxAttempts = 3;

/** Ports that nobody listens on: servers have to know of each other's before they have one. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(
    servers.map(async (server) => {
      server.close();
      await once(server, "close");
    }),
  );
  return ports;
}

interface Placed {
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly current?: boolean }[] };
}

/** Asks until the answer is as it should be. */
async function until<Answer>(
  ask: () => Promise<Answer | undefined>,
  holds: (answer: Answer) => boolean,
): Promise<Answer> {
  const host = realHost();
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && holds(answer)) return answer;
    // Servers tell one another in their own time.
    await new Promise<void>((resolve) => {
      host.setTimer(resolve, betweenLooksMs);
    });
  }
}

/** See the head of this file. */
export class NatsCluster {
  readonly servers: NatsServer[] = [];
  readonly #proxies: TcpProxy[] = [];
  readonly #connections: NatsConnection[] = [];

  static async start(): Promise<NatsCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = new NatsCluster();
      try {
        await cluster.#start();
        return cluster;
      } catch (error) {
        await cluster.dispose();
        // Somebody else was given one of the ports meanwhile.
        if (attempt === maxAttempts) throw error;
      }
    }
  }

  async #start(): Promise<void> {
    const ports = await freePorts(serverCount);
    for (const port of ports) this.#proxies.push(await TcpProxy.start(port));
    const ways = this.#proxies.map((proxy) => proxy.url("nats-route"));
    const straight = ports.map((port) => `nats-route://127.0.0.1:${String(port)}`);
    const config = (index: number): string => {
      // What they tell others of themselves is a way that can be cut, too.
      const advertised = new URL(ways[index] ?? "").host;
      const routes = (index === serverCount - 1 ? ways : straight.slice(0, -1)).filter((_, other) => other !== index);
      return [
        `server_name: n${String(index)}`,
        'jetstream: { store_dir: "%/store" }',
        `cluster: { name: c, listen: "127.0.0.1:${String(ports[index])}", advertise: "${advertised}", routes: ${JSON.stringify(routes)} }`,
      ].join("\n");
    };
    const started = await Promise.allSettled(ports.map((_, index) => NatsServer.start(config(index))));
    for (const server of started) if (server.status === "fulfilled") this.servers.push(server.value);
    for (const server of started) if (server.status === "rejected") throw server.reason;
    await this.settled();
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  /** Which server leads a stream. */
  async leaderOf(stream: string): Promise<NatsServer> {
    const { cluster } = await this.#info(stream, (found) => (found.cluster?.leader ?? "") !== "");
    return this.servers[Number(cluster?.leader?.slice(1))] as NatsServer;
  }

  /** Resolves when every copy of these streams has what the others have. */
  async current(...streams: string[]): Promise<void> {
    for (const stream of streams) {
      await this.#info(stream, ({ cluster }) => {
        const replicas = cluster?.replicas ?? [];
        return replicas.length === serverCount - 1 && replicas.every(({ current }) => current === true);
      });
    }
  }

  async #info(stream: string, holds: (found: Placed) => boolean): Promise<Placed> {
    const connection = await this.connect();
    return await until(async () => (await connection.request(`$JS.API.STREAM.INFO.${stream}`)).json<Placed>(), holds);
  }

  /** Resolves when the servers have agreed who leads them, and take requests. */
  async settled(): Promise<void> {
    const connection = await this.connect();
    await until(
      async () => (await connection.request("$JS.API.INFO", "", { timeout: 500 })).json<{ error?: unknown }>(),
      ({ error }) => error === undefined,
    );
  }

  /** A connection that finds whichever server is there. */
  async connect(): Promise<NatsConnection> {
    const [known] = this.#connections;
    if (known !== undefined) return known;
    const servers = this.urls;
    const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 20, timeout: 1000 });
    this.#connections.push(connection);
    return connection;
  }

  /** The third server loses the others, and they it; clients still reach it. */
  isolateThird(): void {
    for (const proxy of this.#proxies) proxy.cut();
  }

  mend(): void {
    for (const proxy of this.#proxies) proxy.mend();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await Promise.all(this.servers.map((server) => server.dispose()));
    await Promise.all(this.#proxies.map((proxy) => proxy.dispose()));
  }
}

/**
 * NATS servers of the run's own with JetStream: one, or a cluster of three.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { Child } from "./child.js";
import type { Link } from "./link.js";
import { type Network, type Place, serverHost } from "./network.js";
import { type EngineServers, freePort } from "./servers.js";

const fillStream = "chaos_fill";
const fillSubject = "chaos.fill";
/** What fills them, some pieces at a time, and then smaller ones, so that nothing fits any more. */
const pieceBytes = [1_000_000, 50_000, 1000];
const piecesAtOnce = 8;
const requestMs = 10_000;
/** What shows that a cluster is whole, after how long it is asked for again, and how long that may take. */
const readyStream = "chaos_ready";
const settleRequestMs = 1000;
const settleMs = 20_000;
const failed = { error: {} };
/** How long a cluster may take to agree on who leads, once nothing befalls it, and how often it is looked whether it has. */
const electionMs = 15_000;
const betweenLooksMs = 250;

interface ApiAnswer {
  readonly error?: { readonly description?: string };
  readonly streams?: readonly string[] | null;
  readonly cluster?: { readonly leader?: string };
}

/** One of them. */
interface PlacedServer {
  readonly place: Place;
  readonly port: number;
  readonly clusterPort: number;
  readonly config: string;
  readonly store: string;
}

/** The way that a server takes to another. */
interface Route {
  readonly from: number;
  readonly to: number;
  readonly link: Link;
}

/**
 * What servers tell each other of where they are: nowhere. Each is told of the others, and comes to them by the ways that can be
 * broken, and by no other.
 */
const nowhere = "127.0.0.1:1";

/** See the head of this file. */
export class NatsServers implements EngineServers {
  readonly #servers: readonly PlacedServer[];
  readonly #routes: readonly Route[];
  readonly #children: (Child | undefined)[] = [];
  #connection: NatsConnection | undefined;
  #isClosed = false;

  private constructor(servers: readonly PlacedServer[], routes: readonly Route[]) {
    this.#servers = servers;
    this.#routes = routes;
  }

  /**
   * @param folder where they keep what they have
   * @param count 1, or 3 for a cluster
   * @param maxBytes what JetStream may keep on each of them
   * @param network where they run
   */
  static async start(folder: string, count: number, maxBytes: number, network: Network): Promise<NatsServers> {
    const placed: PlacedServer[] = [];
    for (let server = 0; server < count; server++) {
      const config = path.join(folder, `nats-${server}.conf`);
      const place = network.place(serverHost(server));
      const store = path.join(folder, `nats-${server}`);
      placed.push({ place, port: await freePort(), clusterPort: await freePort(), config, store });
    }
    const routes: Route[] = [];
    for (const [from] of placed.entries()) {
      for (const [to, { clusterPort }] of placed.entries()) {
        if (from === to) continue;
        const link = await network.open(serverHost(from), serverHost(to));
        link.target = clusterPort;
        routes.push({ from, to, link });
      }
    }
    const servers = new NatsServers(placed, routes);
    for (let server = 0; server < count; server++) servers.#configure(server, maxBytes);
    try {
      await servers.#gather();
    } catch (error) {
      await servers.close();
      throw error;
    }
    return servers;
  }

  /** Starts all of them. Where all begin at once, 2.10 sometimes makes a cluster of two, for good: they begin anew then. */
  async #gather(): Promise<void> {
    for (let isWhole = false; !isWhole; ) {
      for (const { store } of this.#servers) mkdirSync(store);
      await Promise.all(this.#servers.map((_placed, server) => this.start(server)));
      isWhole = await this.#settle();
      if (isWhole) return;
      await Promise.all(this.#servers.map((_placed, server) => this.kill(server)));
      for (const { store } of this.#servers) rmSync(store, { recursive: true });
    }
  }

  #configure(server: number, maxBytes: number): void {
    const { place, port, clusterPort, config, store } = this.#of(server);
    const others = this.#routes
      .filter(({ from }) => from === server)
      .map(({ link }) => `nats://${link.host}:${link.port}`);
    // Itself, too: of how many are named, a server concludes how many there are to be.
    const routes = [`nats://127.0.0.1:${clusterPort}`, ...others].join(", ");
    const listen = JSON.stringify(`${place.listensOn}:${clusterPort}`);
    const cluster = `cluster { name: chaos, listen: ${listen}, advertise: "${nowhere}", routes: [${routes}], no_advertise: true }`;
    const lines = [
      `server_name: n${server}`,
      `listen: "${place.listensOn}:${port}"`,
      `jetstream { store_dir: ${JSON.stringify(store)}, max_file_store: ${maxBytes} }`,
      ...(others.length > 0 ? [cluster] : []),
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
  }

  #of(server: number): PlacedServer {
    const placed = this.#servers[server];
    if (placed === undefined) throw new RangeError(`there is no server ${server}`);
    return placed;
  }

  get count(): number {
    return this.#servers.length;
  }

  get replicas(): number {
    return this.count > 1 ? 3 : 1;
  }

  url(host: string, port: number): string {
    return `nats://${host}:${port}`;
  }

  port(server: number): number {
    return this.#of(server).port;
  }

  routesOf(server: number): readonly Link[] {
    return this.#routes.filter(({ from, to }) => from === server || to === server).map(({ link }) => link);
  }

  async start(server: number): Promise<void> {
    const { config, place } = this.#of(server);
    this.#children[server] = await Child.program("nats-server", ["-c", config], /Server is ready/u, place.command);
  }

  async kill(server: number): Promise<void> {
    await this.#children[server]?.kill();
  }

  async end(server: number): Promise<void> {
    this.#children[server]?.signal("SIGTERM");
    await this.#children[server]?.ended();
  }

  empty(server: number): void {
    const { store } = this.#of(server);
    rmSync(store, { recursive: true });
    mkdirSync(store);
  }

  pause(server: number, isPaused: boolean): void {
    this.#children[server]?.signal(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  async #ask(subject: string, body: unknown, timeout: number = requestMs): Promise<ApiAnswer> {
    const { connect } = await import("@nats-io/transport-node");
    const servers = this.#servers.map(({ place, port }) => this.url(place.address, port));
    this.#connection ??= await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 250 });
    const answer = await this.#connection.request(`$JS.API.${subject}`, JSON.stringify(body), { timeout });
    return answer.json<ApiAnswer>();
  }

  /**
   * A cluster has to agree on who leads, and all have to be heard of, before there are streams with so many copies.
   *
   * @returns whether that is so within a time
   */
  async #settle(): Promise<boolean> {
    const stream = { name: readyStream, subjects: [readyStream], storage: "file", num_replicas: this.replicas };
    const limits = { retention: "limits", max_msgs: -1, max_bytes: -1, max_age: 0 };
    const endMs = performance.now() + settleMs;
    while (performance.now() < endMs) {
      const asked = this.#ask(`STREAM.CREATE.${readyStream}`, { ...stream, ...limits }, settleRequestMs);
      const { error } = await asked.catch(() => failed);
      if (error === undefined) {
        await this.#ask(`STREAM.DELETE.${readyStream}`, {});
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  }

  async fill(): Promise<void> {
    const made = await this.#ask(`STREAM.CREATE.${fillStream}`, {
      ...{ name: fillStream, subjects: [fillSubject], storage: "file", num_replicas: this.replicas },
      ...{ retention: "limits", max_msgs: -1, max_bytes: -1, max_age: 0 },
    });
    if (made.error !== undefined) throw new Error(`cannot fill NATS: ${made.error.description ?? ""}`);
    const connection = this.#connection;
    if (connection === undefined) return;
    for (const bytes of pieceBytes) {
      const piece = new Uint8Array(bytes);
      for (let isFull = false; !isFull; ) {
        const answers = Array.from({ length: piecesAtOnce }, () =>
          connection.request(fillSubject, piece, { timeout: requestMs }),
        );
        for (const answer of await Promise.all(answers)) isFull ||= answer.json<ApiAnswer>().error !== undefined;
      }
    }
  }

  async free(): Promise<void> {
    await this.#ask(`STREAM.DELETE.${fillStream}`, {});
  }

  async back(): Promise<void> {
    if (this.count === 1) return;
    const endMs = performance.now() + electionMs;
    while (!this.#isClosed && performance.now() < endMs && !(await this.#isLed().catch(() => false))) {
      await new Promise((resolve) => setTimeout(resolve, betweenLooksMs));
    }
  }

  /** Whether each stream has a leader. */
  async #isLed(): Promise<boolean> {
    const { streams } = await this.#ask("STREAM.NAMES", {}, settleRequestMs);
    const infos = await Promise.all(
      (streams ?? []).map((name) => this.#ask(`STREAM.INFO.${name}`, {}, settleRequestMs)),
    );
    return infos.every(({ error, cluster }) => error === undefined && (cluster?.leader ?? "") !== "");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Waiting for an answer of servers that are about to go would be for nothing.
    void this.#connection?.close().catch(() => undefined);
    for (const child of this.#children) await child?.kill();
    for (const { link } of this.#routes) link.close();
  }
}

/**
 * NATS servers of the run's own with JetStream: one, or a cluster of three.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { Child } from "./child.js";
import { type EngineServers, freePort } from "./servers.js";

const fillStream = "chaos_fill";
const fillSubject = "chaos.fill";
/** What fills them, some pieces at a time, and then smaller ones, so that nothing fits any more. */
const pieceBytes = [1_000_000, 50_000, 1000];
const piecesAtOnce = 8;
const requestMs = 10_000;

interface ApiAnswer {
  readonly error?: { readonly description?: string };
}

interface Place {
  readonly port: number;
  readonly clusterPort: number;
  readonly config: string;
}

/** See the head of this file. */
export class NatsServers implements EngineServers {
  readonly #places: readonly Place[];
  readonly #children: (Child | undefined)[] = [];
  #connection: NatsConnection | undefined;

  private constructor(places: readonly Place[]) {
    this.#places = places;
  }

  /**
   * @param folder where they keep what they have
   * @param count 1, or 3 for a cluster
   * @param maxBytes what JetStream may keep on each of them
   */
  static async start(folder: string, count: number, maxBytes: number): Promise<NatsServers> {
    const places: Place[] = [];
    for (let server = 0; server < count; server++) {
      const config = path.join(folder, `nats-${server}.conf`);
      places.push({ port: await freePort(), clusterPort: await freePort(), config });
    }
    for (const [server, { port, clusterPort, config }] of places.entries()) {
      const store = path.join(folder, `nats-${server}`);
      mkdirSync(store);
      const others = places.filter((_place, index) => index !== server);
      const routes = others.map((other) => `nats://127.0.0.1:${other.clusterPort}`).join(", ");
      const cluster = `cluster { name: chaos, listen: "127.0.0.1:${clusterPort}", routes: [${routes}], no_advertise: true }`;
      const lines = [
        `server_name: n${server}`,
        `listen: "127.0.0.1:${port}"`,
        `jetstream { store_dir: ${JSON.stringify(store)}, max_file_store: ${maxBytes} }`,
        ...(count > 1 ? [cluster] : []),
      ];
      writeFileSync(config, `${lines.join("\n")}\n`);
    }
    const servers = new NatsServers(places);
    await Promise.all(places.map((_place, server) => servers.start(server)));
    await servers.#settle();
    return servers;
  }

  get count(): number {
    return this.#places.length;
  }

  get replicas(): number {
    return this.count > 1 ? 3 : 1;
  }

  url(port: number): string {
    return `nats://127.0.0.1:${port}`;
  }

  port(server: number): number {
    return this.#places[server]?.port ?? 0;
  }

  async start(server: number): Promise<void> {
    const config = this.#places[server]?.config ?? "";
    this.#children[server] = await Child.program("nats-server", ["-c", config], /Server is ready/u);
  }

  async kill(server: number): Promise<void> {
    await this.#children[server]?.kill();
  }

  async end(server: number): Promise<void> {
    this.#children[server]?.signal("SIGTERM");
    await this.#children[server]?.ended();
  }

  pause(server: number, isPaused: boolean): void {
    this.#children[server]?.signal(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  async #ask(subject: string, body: unknown): Promise<ApiAnswer> {
    const { connect } = await import("@nats-io/transport-node");
    const servers = this.#places.map(({ port }) => this.url(port));
    this.#connection ??= await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 250 });
    const answer = await this.#connection.request(`$JS.API.${subject}`, JSON.stringify(body), { timeout: requestMs });
    return answer.json<ApiAnswer>();
  }

  /** A cluster has to agree on who leads before it makes streams. */
  async #settle(): Promise<void> {
    for (;;) {
      const { error } = await this.#ask("INFO", {}).catch(() => ({ error: {} }));
      if (error === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
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

  async close(): Promise<void> {
    // Waiting for an answer of servers that are about to go would be for nothing.
    void this.#connection?.close().catch(() => undefined);
    for (const child of this.#children) await child?.kill();
  }
}

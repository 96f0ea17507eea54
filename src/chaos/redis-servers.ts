/**
 * A Redis server of the run's own, with an append-only file.
 */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { Redis } from "ioredis";
import { Child } from "./child.js";
import type { Link } from "./link.js";
import type { Place } from "./network.js";
import { type EngineServers, freePort } from "./servers.js";

/** When Redis writes its append-only file to the disk. */
export type AppendSync = "always" | "everysec";

/** See the head of this file. */
export class RedisServers implements EngineServers {
  readonly count = 1;
  readonly replicas = 0;
  readonly #args: readonly string[];
  readonly #port: number;
  readonly #place: Place;
  readonly #dir: string;
  #child: Child | undefined;
  #client: Redis | undefined;

  private constructor(place: Place, port: number, dir: string, args: readonly string[]) {
    this.#place = place;
    this.#dir = dir;
    this.#port = port;
    this.#args = args;
  }

  /**
   * @param folder where it keeps what it has
   * @param place where it runs
   */
  static async start(folder: string, appendSync: AppendSync, place: Place): Promise<RedisServers> {
    const dir = path.join(folder, "redis");
    mkdirSync(dir);
    const port = await freePort();
    // On a host of its own, nobody else can reach it.
    const at = ["--port", String(port), "--bind", place.listensOn, "--protected-mode", "no", "--dir", dir];
    const kept = ["--save", "", "--appendonly", "yes", "--appendfsync", appendSync];
    const servers = new RedisServers(place, port, dir, [...at, ...kept]);
    await servers.start();
    return servers;
  }

  url(host: string, port: number): string {
    return `redis://${host}:${port}`;
  }

  port(): number {
    return this.#port;
  }

  routesOf(): readonly Link[] {
    return [];
  }

  async start(): Promise<void> {
    const { command } = this.#place;
    this.#child = await Child.program("redis-server", this.#args, /Ready to accept connections/u, command);
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async end(): Promise<void> {
    this.#child?.signal("SIGTERM");
    await this.#child?.ended();
  }

  empty(): void {
    rmSync(this.#dir, { recursive: true });
    mkdirSync(this.#dir);
  }

  pause(_server: number, isPaused: boolean): void {
    this.#child?.signal(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  async #ask(): Promise<Redis> {
    // Loaded when it is needed: who tests one engine need not have the other's client.
    const { Redis: Client } = await import("ioredis");
    this.#client ??= new Client(this.#port, this.#place.address).on("error", () => undefined);
    return this.#client;
  }

  /** Its limit becomes what it has, so that it refuses whatever needs more. */
  async fill(): Promise<void> {
    const redis = await this.#ask();
    const used = /used_memory:(\d+)/u.exec(await redis.info("memory"))?.[1] ?? "1";
    await redis.config("SET", "maxmemory", used);
  }

  async free(): Promise<void> {
    await (await this.#ask()).config("SET", "maxmemory", "0");
  }

  back(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#client?.disconnect();
    await this.kill();
  }
}

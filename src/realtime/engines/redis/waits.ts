/**
 * Waiting until replicas have what has been written. One question is on its way at a time, and answers for all who
 * wrote before it was asked.
 */
import type { Cluster, Redis } from "ioredis";
import { EngineError } from "../index.js";
import type { ResolvedOptions } from "./options.js";

/** See the head of this file. */
export class Waits {
  readonly #client: Redis | Cluster;
  readonly #options: ResolvedOptions;
  #asking: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(client: Redis | Cluster, options: ResolvedOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** @throws EngineError "unavailable" when too few have it */
  async reached(): Promise<void> {
    const { replicas } = this.#options;
    const reached = await (this.#asking === undefined ? this.#ask() : (this.#next ??= this.#askNext(this.#asking)));
    if (reached >= replicas) return;
    throw new EngineError("unavailable", `${reached} replicas have what was written, and ${replicas} should`);
  }

  async #askNext(asking: Promise<number>): Promise<number> {
    // Whoever asked hears of the error.
    await asking.catch(() => undefined);
    this.#next = undefined;
    return await this.#ask();
  }

  async #ask(): Promise<number> {
    const { replicas, timeoutMs } = this.#options;
    // Less than a request may take, so that it is the server who says that it was in vain.
    this.#asking = this.#client.call("WAIT", replicas, Math.ceil(timeoutMs / 2)) as Promise<number>;
    try {
      return await this.#asking;
    } finally {
      this.#asking = undefined;
    }
  }
}

/**
 * What is told: each channel is subscribed to once, however many hear it, and anew after every reconnect.
 */
import { Cluster, type Redis } from "ioredis";
import { abandon } from "./connections.js";

type Receive = (message: Buffer) => void;

interface Heard {
  readonly receivers: Set<Receive>;
  /** Resolves when the server has taken it. */
  readonly begun: Promise<unknown>;
}

// In one request; a server answers for each.
const batch = 200;

/** See the head of this file. */
export class Subscriptions {
  readonly #client: Redis | Cluster;
  readonly #heard = new Map<string, Heard>();
  readonly #reconnected = new Set<() => void>();
  #isClosed = false;

  constructor(client: Redis | Cluster) {
    this.#client = client;
    client.on("smessageBuffer", (channel: Buffer, message: Buffer) => {
      for (const receive of this.#heard.get(channel.toString())?.receivers ?? []) receive(message);
    });
    // The nodes of a Cluster are subscribed to by its client library.
    if (client instanceof Cluster) client.on("subscribersReady", () => this.#told());
    else client.on("ready", () => void this.#again());
  }

  /** Calls back when everything is heard again: what was told meanwhile was not. */
  onReconnect(callback: () => void): void {
    this.#reconnected.add(callback);
  }

  #told(): void {
    for (const callback of this.#reconnected) callback();
  }

  async #again(): Promise<void> {
    const channels = [...this.#heard.keys()];
    try {
      for (let start = 0; start < channels.length; start += batch) {
        // Nobody may hear some of them any more.
        const some = channels.slice(start, start + batch).filter((channel) => this.#heard.has(channel));
        if (some.length > 0) await this.#client.ssubscribe(...some);
      }
      this.#told();
    } catch {
      // The connection broke again, and will be ready again; a server that says nothing is given up.
      if (!this.#isClosed && !(this.#client instanceof Cluster)) abandon(this.#client);
    }
  }

  /** Hears what is told from the moment that the promise resolves. @throws Error of the client library */
  async add(channel: string, receive: Receive): Promise<() => void> {
    const heard = this.#heard.get(channel) ?? this.#begin(channel);
    heard.receivers.add(receive);
    const stop = (): void => {
      heard.receivers.delete(receive);
      if (heard.receivers.size > 0 || this.#heard.get(channel) !== heard) return;
      this.#heard.delete(channel);
      // Without a connection there is nothing to end.
      if (this.#client.status === "ready") this.#client.sunsubscribe(channel).catch(() => undefined);
    };
    try {
      await heard.begun;
      return stop;
    } catch (error) {
      // Whoever comes next tries anew.
      if (this.#heard.get(channel) === heard) this.#heard.delete(channel);
      throw error;
    }
  }

  #begin(channel: string): Heard {
    const heard: Heard = { receivers: new Set(), begun: this.#client.ssubscribe(channel) };
    this.#heard.set(channel, heard);
    return heard;
  }

  /** Something was told on this channel, and was not heard. */
  missed(channel: string): void {
    if (!(this.#client instanceof Cluster) || !this.#heard.has(channel)) return;
    // The client library keeps a list of what it was told, twice what it was told twice.
    this.#client.sunsubscribe(channel).catch(() => undefined);
    this.#client.ssubscribe(channel).catch(() => undefined);
  }

  /** Makes sure that a connection that leads nowhere is noticed: nothing else is written to it. */
  audit(): void {
    const client = this.#client;
    if (client instanceof Cluster || client.status !== "ready") return;
    client.ping().catch(() => {
      if (!this.#isClosed) abandon(client);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#heard.clear();
    this.#reconnected.clear();
  }
}

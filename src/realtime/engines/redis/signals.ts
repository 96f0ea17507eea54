/**
 * The signals: told, and kept nowhere.
 */
import type { EngineSubscription, Signal, SignalEngine } from "../index.js";
import { SignalWriter, signalReader } from "../index.js";
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { Script } from "./script.js";

/** A script, so that a Cluster's client knows by its key where it belongs. */
export const tellScript: Script = new Script("return redis.call('SPUBLISH', KEYS[1], ARGV[1])");

/** See the head of this file. */
export class RedisSignals implements SignalEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #writer: SignalWriter;

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
    this.#writer = new SignalWriter(link.host.randomId());
  }

  async send(channel: string, signal: Signal): Promise<void> {
    this.#link.check();
    const key = this.#keys.signal(channel);
    const args = [this.#writer.write(signal)];
    await this.#link.run(tellScript, { keys: [key], args, isIdempotent: false, lane: key });
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    let isStopped = false;
    const read = signalReader(receive);
    const unsubscribe = await this.#link.subscribe(this.#keys.signal(channel), (message) => {
      if (!isStopped) read(String(message));
    });
    return {
      stop: () => {
        isStopped = true;
        unsubscribe();
      },
    };
  }
}

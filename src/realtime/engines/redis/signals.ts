/**
 * The signals: told, and kept nowhere. Whoever listens in this process hears what is sent here when it leaves, and passes it over when Redis
 * tells it to all.
 */
import type { EngineSubscription, Signal, SignalEngine } from "../index.js";
import { Listeners, SignalWriter, signalReader } from "../index.js";
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";

/** See the head of this file. */
export class RedisSignals implements SignalEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #writer: SignalWriter;
  readonly #listeners = new Listeners<string>();

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
    this.#writer = new SignalWriter(link.host.randomId());
  }

  async send(channel: string, signal: Signal): Promise<void> {
    this.#link.check();
    const text = this.#writer.write(signal);
    await this.#link.tell(this.#keys.signal(channel), text, () => this.#listeners.tell(channel, text));
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    // Who begins to listen while one of ours is on its way does not hear it.
    const read = signalReader(receive, this.#writer.sender);
    const own = this.#listeners.add(channel, signalReader(receive));
    let isStopped = false;
    try {
      const unsubscribe = await this.#link.subscribe(this.#keys.signal(channel), (message) => {
        if (!isStopped) read(String(message));
      });
      return {
        stop: () => {
          isStopped = true;
          own.stop();
          unsubscribe();
        },
      };
    } catch (error) {
      own.stop();
      throw error;
    }
  }
}

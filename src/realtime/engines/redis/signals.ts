/**
 * The signals: told, and kept nowhere.
 */
import type { EngineSubscription, Signal, SignalEngine } from "../index.js";
import { payloadOf, readPayloadText, textOfValue, valueOfText } from "../index.js";
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { Script } from "./script.js";

interface SignalHead {
  readonly u?: string;
}

/** A script, so that a Cluster's client knows by its key where it belongs. */
export const tellScript: Script = new Script("return redis.call('SPUBLISH', KEYS[1], ARGV[1])");

/** See the head of this file. */
export class RedisSignals implements SignalEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async send(channel: string, { value, user }: Signal): Promise<void> {
    this.#link.check();
    const head: SignalHead = user === undefined ? {} : { u: user };
    const key = this.#keys.signal(channel);
    const args = [payloadOf(head, textOfValue(value))];
    await this.#link.run(tellScript, { keys: [key], args, isIdempotent: false, lane: key });
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    let isStopped = false;
    const unsubscribe = await this.#link.subscribe(this.#keys.signal(channel), (message) => {
      if (isStopped) return;
      const { head, valueText = "" } = readPayloadText<SignalHead>(String(message));
      receive({ value: valueOfText(valueText), user: head.u });
    });
    return {
      stop: () => {
        isStopped = true;
        unsubscribe();
      },
    };
  }
}

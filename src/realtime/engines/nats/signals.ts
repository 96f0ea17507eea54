/**
 * The signals: messages of NATS itself, which nobody keeps. Whoever listens in this process hears what is sent here when it leaves, and
 * passes it over when NATS brings it.
 */
import type { EngineSubscription, Signal, SignalEngine } from "../index.js";
import { Listeners, SignalWriter, signalReader } from "../index.js";
import type { NatsLink } from "./link.js";
import type { Subjects } from "./subjects.js";

/** See the head of this file. */
export class NatsSignals implements SignalEngine {
  readonly #link: NatsLink;
  readonly #subjects: Subjects;
  readonly #writer: SignalWriter;
  readonly #listeners = new Listeners<string>();

  constructor(link: NatsLink, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
    this.#writer = new SignalWriter(link.host.randomId());
  }

  async send(channel: string, signal: Signal): Promise<void> {
    this.#link.check();
    const text = this.#writer.write(signal);
    await this.#link.tell(this.#subjects.signal(channel), text, () => this.#listeners.tell(channel, text));
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    // Who begins to listen while one of ours is on its way does not hear it.
    const read = signalReader(receive, this.#writer.sender);
    const unsubscribe = this.#link.subscribe(this.#subjects.signal(channel), ({ data }) => {
      read(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
    });
    const own = this.#listeners.add(channel, signalReader(receive));
    const stop = (): void => {
      own.stop();
      unsubscribe();
    };
    try {
      await this.#link.flush();
    } catch (error) {
      stop();
      throw error;
    }
    return { stop };
  }
}

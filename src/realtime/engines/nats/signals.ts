/**
 * The signals: messages of NATS itself, which nobody keeps.
 */
import type { EngineSubscription, Signal, SignalEngine } from "../index.js";
import { SignalWriter, signalReader } from "../index.js";
import type { NatsLink } from "./link.js";
import type { Subjects } from "./subjects.js";

/** See the head of this file. */
export class NatsSignals implements SignalEngine {
  readonly #link: NatsLink;
  readonly #subjects: Subjects;
  readonly #writer: SignalWriter;

  constructor(link: NatsLink, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
    this.#writer = new SignalWriter(link.host.randomId());
  }

  async send(channel: string, signal: Signal): Promise<void> {
    this.#link.check();
    await this.#link.tell(this.#subjects.signal(channel), this.#writer.write(signal));
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    const read = signalReader(receive);
    const stop = this.#link.subscribe(this.#subjects.signal(channel), ({ data }) => {
      read(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
    });
    try {
      await this.#link.flush();
    } catch (error) {
      stop();
      throw error;
    }
    return { stop };
  }
}

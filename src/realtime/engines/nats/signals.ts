/**
 * The signals: messages of NATS itself, which nobody keeps.
 */
import type { EngineSubscription, Signal, SignalEngine } from "../index.js";
import type { NatsLink } from "./link.js";
import { payloadOf, readPayload, textOfValue, valueOfText } from "./payload.js";
import type { Subjects } from "./subjects.js";

interface SignalHead {
  readonly u?: string;
}

/** See the head of this file. */
export class NatsSignals implements SignalEngine {
  readonly #link: NatsLink;
  readonly #subjects: Subjects;

  constructor(link: NatsLink, subjects: Subjects) {
    this.#link = link;
    this.#subjects = subjects;
  }

  async send(channel: string, { value, user }: Signal): Promise<void> {
    this.#link.check();
    const head: SignalHead = user === undefined ? {} : { u: user };
    await this.#link.tell(this.#subjects.signal(channel), payloadOf(head, textOfValue(value)));
  }

  async listen(channel: string, receive: (signal: Signal) => void): Promise<EngineSubscription> {
    const stop = this.#link.subscribe(this.#subjects.signal(channel), ({ data }) => {
      const { head, valueText = "" } = readPayload<SignalHead>(data);
      receive({ value: valueOfText(valueText), user: head.u });
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

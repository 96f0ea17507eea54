/**
 * Signals as messages of systems that carry text (`payload.ts`): each says who has sent it, and its number, so that
 * one that was on its way for too long is not heard behind later ones.
 */
import type { Signal } from "./engine.js";
import { payloadOf, readPayloadText, textOfValue, valueOfText } from "./payload.js";
import { SenderOrder } from "./sender-order.js";

interface SignalHead {
  readonly u?: string;
  /** Who sends it, and its number; nodes of versions before do not say. */
  readonly s?: string;
  readonly n?: number;
}

/** The signals of one sender. */
export class SignalWriter {
  readonly sender: string;
  #number = 0;

  /** @param sender what no other has */
  constructor(sender: string) {
    this.sender = sender;
  }

  /** @throws ValueError for a value that not every codec has */
  write({ value, user }: Signal): string {
    const text = textOfValue(value);
    const head: SignalHead = { ...(user !== undefined && { u: user }), s: this.sender, n: ++this.#number };
    return payloadOf(head, text);
  }
}

/**
 * @param passedOver the sender whose messages come by another way
 * @returns what takes the messages of one channel, and hands on what is not too late
 */
export function signalReader(receive: (signal: Signal) => void, passedOver?: string): (text: string) => void {
  const order = new SenderOrder();
  return (text) => {
    const { head, valueText = "" } = readPayloadText<SignalHead>(text);
    const { u: user, s: sender, n: number } = head;
    if (sender !== undefined && sender === passedOver) return;
    const isInOrder = sender === undefined || number === undefined || order.isNewer(sender, number);
    if (isInOrder) receive({ value: valueOfText(valueText), user });
  };
}

/**
 * What one side has sent, to be compared with what the other receives: in order, once and unchanged.
 */
import type { Message } from "#src/index.js";

interface SentMessage {
  readonly message: Message;
  /** Whether it may be missing: nobody knows if this side got one that was published, when some have not. */
  readonly isOptional: boolean;
}

export class SentMessages {
  readonly #sent: SentMessage[] = [];
  #next = 0;
  /** Octets of the longest. */
  longestBytes = 0;

  add(message: Message, isOptional = false): void {
    this.#sent.push({ message, isOptional });
    const bytes = typeof message === "string" ? Buffer.byteLength(message) : message.byteLength;
    this.longestBytes = Math.max(this.longestBytes, bytes);
  }

  /** Whether every message that has to come has come. */
  get haveArrived(): boolean {
    for (let index = this.#next; index < this.#sent.length; index++) {
      if (this.#sent[index]?.isOptional === false) return false;
    }
    return true;
  }

  /** Messages that have to come and have not. */
  get missing(): number {
    return this.#sent.slice(this.#next).filter(({ isOptional }) => !isOptional).length;
  }

  /**
   * Takes a message that has been received.
   *
   * @returns what is wrong about it, or undefined
   */
  receive(message: Message): string | undefined {
    for (;;) {
      const expected = this.#sent[this.#next];
      if (expected === undefined) return `received ${describe(message)}, where nothing was left to come`;
      this.#next++;
      if (isSame(expected.message, message)) return undefined;
      if (expected.isOptional) continue;
      return `received ${describe(message)} as message ${this.#next - 1}, instead of ${describe(expected.message)}`;
    }
  }
}

function isSame(one: Message, other: Message): boolean {
  if (typeof one === "string" || typeof other === "string") return one === other;
  return Buffer.compare(one, other) === 0;
}

/** Its kind, length and beginning. */
export function describe(message: Message): string {
  if (typeof message === "string") return `text ${message.length} ${JSON.stringify(message.slice(0, 12))}`;
  return `binary ${message.byteLength} ${Buffer.from(message.subarray(0, 8)).toString("hex")}`;
}

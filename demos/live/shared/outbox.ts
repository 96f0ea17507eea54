// What somebody typed and the room has not confirmed yet. One message is under way at a time, so that the order is kept
// when the connection breaks or the server asks for patience; the message keeps its id when it is sent again, by which
// the server recognizes it.

/** A message that waits to be confirmed. */
export interface PendingMessage {
  readonly messageId: string;
  readonly text: string;
}

/** A bounded queue of unconfirmed messages, oldest first. */
export class Outbox {
  readonly #maxMessages: number;
  #pending: PendingMessage[] = [];
  #underWay: string | undefined;

  /** @param maxMessages How many messages may wait; at least 1. */
  constructor(maxMessages: number) {
    this.#maxMessages = maxMessages;
  }

  /** What waits, oldest first. */
  get pending(): readonly PendingMessage[] {
    return this.#pending;
  }

  /**
   * Queues a message.
   * @returns False when the outbox is full: the message was not taken, and the caller still has it.
   */
  add(message: PendingMessage): boolean {
    if (this.#pending.length >= this.#maxMessages) return false;
    this.#pending.push(message);
    return true;
  }

  /** The message to send now, if none is under way; it then counts as under way until `settle` or `release`. */
  take(): PendingMessage | undefined {
    if (this.#underWay !== undefined) return undefined;
    const next = this.#pending[0];
    this.#underWay = next?.messageId;
    return next;
  }

  /**
   * Forgets a message that the server confirmed.
   * @returns The message, or nothing when it was settled before.
   */
  settle(messageId: string): PendingMessage | undefined {
    if (this.#underWay === messageId) this.#underWay = undefined;
    const settled = this.#pending.find((message) => message.messageId === messageId);
    this.#pending = this.#pending.filter((message) => message.messageId !== messageId);
    return settled;
  }

  /** The message under way has to be sent again: its connection is gone, or the server asked to wait. */
  release(): void {
    this.#underWay = undefined;
  }
}

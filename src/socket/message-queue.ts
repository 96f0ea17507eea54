/**
 * Messages in the order in which they came, and the memory they take.
 */
import { MessageBody } from "./message-body.js";
import type { Message } from "./socket.js";

/** What waits: a message that is whole, or one that comes; what that holds is not counted here. */
export type Entry = Message | MessageBody;

// What a string or typed array takes beside its content, with its place in the queue: measured on V8, rounded up.
const overheadBytes = 128;

// Places at the beginning that may be empty. Each is copied at most once on average, whatever this is.
const compactFrom = 1024;

/** See the head of this file. */
export class MessageQueue {
  #messages: (Entry | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  /** Octets held, with overhead. */
  get heldBytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#messages.length;
  }

  push(message: Entry): void {
    this.#messages.push(message);
    this.#bytes += heldBytesOf(message);
  }

  /** The oldest message, taken out. */
  shift(): Entry | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#messages[this.#head++] = undefined;
    this.#bytes -= heldBytesOf(message);
    if (this.#head === this.#messages.length) this.clear();
    else if (this.#head >= compactFrom && this.#head * 2 >= this.#messages.length) this.#compact();
    return message;
  }

  /** Gives up the places of messages that were taken out: a queue that is never quite empty would grow for ever. */
  #compact(): void {
    this.#messages = this.#messages.slice(this.#head);
    this.#head = 0;
  }

  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}

function heldBytesOf(message: Entry): number {
  if (message instanceof MessageBody) return overheadBytes;
  return overheadBytes + (typeof message === "string" ? message.length : message.byteLength);
}

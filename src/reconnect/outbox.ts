/**
 * The messages that wait for a connection: bounded, and by a stated policy.
 */
import type { PreparedMessage, SendData, SendOptions } from "../socket/index.js";
import type { OutboxOptions, Settings } from "./options.js";
import type { DropReason } from "./reconnecting-socket.js";

/** A message that waits. */
export interface WaitingMessage {
  readonly data: SendData | PreparedMessage;
  readonly options: SendOptions | undefined;
  readonly bytes: number;
  /** When it came. */
  readonly atMs: number;
}

/** See the head of this file. */
export class Outbox {
  /** In the order in which they came; whoever iterates may remove. */
  readonly messages: Set<WaitingMessage> = new Set<WaitingMessage>();
  /** Octets that wait. */
  bytes = 0;
  readonly #settings: Settings;
  readonly #whenFull: OutboxOptions["whenFull"];
  readonly #dropped: (data: WaitingMessage["data"], reason: DropReason) => void;

  /** @param dropped is told of what will never be sent; called when the outbox is as it should be */
  constructor(
    settings: Settings,
    whenFull: OutboxOptions["whenFull"],
    dropped: (data: WaitingMessage["data"], reason: DropReason) => void,
  ) {
    this.#settings = settings;
    this.#whenFull = whenFull;
    this.#dropped = dropped;
  }

  /** Puts a message behind the others, where there is room or room can be made. */
  add(message: WaitingMessage): boolean {
    const { maxMessages, maxBytes } = this.#settings;
    // Those that are too old make room for it.
    this.dropOlderThan(message.atMs);
    const fits = (others: number, bytes: number): boolean => others < maxMessages && bytes + message.bytes <= maxBytes;
    while (!fits(this.messages.size, this.bytes)) {
      const [oldest] = this.messages;
      if (this.#whenFull !== "drop-oldest" || !fits(0, 0) || oldest === undefined) return false;
      this.#drop(oldest, "outbox-full");
    }
    this.messages.add(message);
    this.bytes += message.bytes;
    return true;
  }

  /** Takes a message out. */
  remove(message: WaitingMessage): void {
    if (this.messages.delete(message)) this.bytes -= message.bytes;
  }

  /** Drops what has waited too long by now. */
  dropOlderThan(nowMs: number): void {
    for (const message of this.messages) {
      if (nowMs - message.atMs <= this.#settings.maxAgeMs) return;
      this.#drop(message, "too-old");
    }
  }

  /** Drops everything. */
  clear(): void {
    for (const message of this.messages) this.#drop(message, "closed");
  }

  #drop(message: WaitingMessage, reason: DropReason): void {
    this.remove(message);
    this.#dropped(message.data, reason);
  }
}

/**
 * What to keep of a message until it can be sent: a copy, where whoever sends it could change it meanwhile.
 *
 * @param misuse makes the error for what is no message
 */
export function kept(
  data: SendData | PreparedMessage,
  misuse: (observed: unknown) => Error,
): { readonly data: SendData | PreparedMessage; readonly bytes: number } {
  if (typeof data === "string") return { data, bytes: data.length };
  const bytes: unknown = data?.byteLength;
  if (typeof bytes !== "number") throw misuse(typeof data);
  // `prepare` has made a copy already.
  if ("shared" in data) return { data, bytes };
  const octets = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, bytes)
    : new Uint8Array(data, 0, bytes);
  if (octets.byteLength !== bytes) throw misuse(typeof data);
  return { data: octets.slice(), bytes };
}

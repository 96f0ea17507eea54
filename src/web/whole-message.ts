/**
 * Messages that are handed over whole, behind the interface of those that may still be coming: a platform tells of none
 * before all of it is there.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { IncomingMessage, IncomingMessageOptions } from "../socket/incoming-message.js";
import type { Message } from "../socket/socket.js";

/** See the head of this file. */
export class WholeMessage implements IncomingMessage {
  readonly type: "text" | "binary";
  #content: Message | undefined;
  #hasLeft = false;

  constructor(content: Message) {
    this.#content = content;
    this.type = typeof content === "string" ? "text" : "binary";
  }

  get isConsumed(): boolean {
    return this.#content === undefined && !this.#hasLeft;
  }

  /** The next message is asked for. */
  leave(): void {
    this.#hasLeft ||= this.#content !== undefined;
    this.#content = undefined;
  }

  #take(options?: IncomingMessageOptions): Blob {
    const content = this.#content;
    if (content === undefined) throw new PlainUsageError(this.#hasLeft ? "message-left" : "message-consumed");
    this.#content = undefined;
    const blob = new Blob([content as Uint8Array<ArrayBuffer>]);
    const maxBytes = options?.maxBytes ?? blob.size;
    if (blob.size > maxBytes) throw new PlainUsageError("invalid-argument", blob.size, maxBytes, "maxBytes");
    return blob;
  }

  stream(options?: IncomingMessageOptions): ReadableStream<Uint8Array> {
    return this.#take(options).stream();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    yield await this.bytes();
  }

  async bytes(options?: IncomingMessageOptions): Promise<Uint8Array> {
    return new Uint8Array(await this.#take(options).arrayBuffer());
  }

  async text(options?: IncomingMessageOptions): Promise<string> {
    return decode(await this.#take(options).arrayBuffer(), "binary-not-utf8");
  }

  async json<Value = unknown>(options?: IncomingMessageOptions): Promise<Value> {
    return JSON.parse(await this.text(options)) as Value;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what is wrong with it is a rejection, as on Node
  async discard(): Promise<void> {
    this.#take();
  }
}

/** @throws UsageError with `code` where the octets are not valid UTF-8 */
export function decode(octets: ArrayBuffer, code: "binary-not-utf8" | "text-not-utf8"): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    throw new PlainUsageError(code);
  }
}

/**
 * A message that is handed over when it begins: its content can be read while it comes, or waited for.
 */
import type { TextCodec } from "../protocol/index.js";
import { UsageError } from "../protocol/index.js";
import { rejectedQuietly } from "./deferred.js";
import { type BodyOwner, type Collected, MessageBody } from "./message-body.js";
import { wholeNumber } from "./options.js";
import type { Message } from "./socket.js";

/** How much of a message is taken. */
export interface IncomingMessageOptions {
  /**
   * Octets of a message that its consumer takes; the connection fails with 1009 when there are more. Default for `text`,
   * `bytes` and `json`: `limits.maxMessageBytes`. Default for `stream`: any number, since nothing of them is held.
   */
  readonly maxBytes?: number;
}

/**
 * A message that may still be coming. Its content can be consumed once: by one of `stream`, `text`, `bytes`, `json`,
 * `discard`, or by iterating over its octets. What is not consumed when the next message is asked for is discarded, and
 * reading it is a UsageError `message-left` from then on; what `text`, `bytes` and `json` have begun goes on.
 *
 * Where it cannot come to its end, whoever reads it hears of it: a `ProtocolError` where a rule or a limit is the cause, and
 * a `ConnectionClosedError` with the close report otherwise.
 */
export interface IncomingMessage extends AsyncIterable<Uint8Array> {
  /** Whether it was sent as text or as binary. */
  readonly type: "text" | "binary";
  /** Whether its content has been consumed, or is being consumed. */
  readonly isConsumed: boolean;
  /**
   * Its octets while they come, as a byte stream: of a text its UTF-8, which is valid, for
   * `pipeThrough(new TextDecoderStream())`. While nobody reads, no more is read from the peer. Cancelling it discards the
   * rest of the message, and nothing else.
   *
   * @throws UsageError `message-consumed`, `message-left`, `invalid-limit`
   */
  stream(options?: IncomingMessageOptions): ReadableStream<Uint8Array>;
  /**
   * All of it as text. Of a binary message, rejects with a UsageError `binary-not-utf8` where it is not valid UTF-8; the
   * connection is as it was.
   *
   * @throws as `stream`, as a rejection
   */
  text(options?: IncomingMessageOptions): Promise<string>;
  /** All of it as octets, in memory of their own. Rejects as `text`. */
  bytes(options?: IncomingMessageOptions): Promise<Uint8Array>;
  /** All of it, read as JSON. Rejects as `text`, and with a SyntaxError. */
  json<Value = unknown>(options?: IncomingMessageOptions): Promise<Value>;
  /**
   * Drops its content as it comes. Resolves when all of it has passed, or the connection is over; never rejects because of
   * either.
   */
  discard(): Promise<void>;
}

/** What messages need of their socket. */
export interface MessageContext extends BodyOwner {
  readonly text: TextCodec;
  /** `limits.maxMessageBytes`. */
  readonly maxMessageBytes: number;
  /** Makes memory that need not be cleared. */
  allocate(byteLength: number): Uint8Array;
}

/** Octets of a message, each piece of them lent until the next one is asked for. */
interface LentPieces {
  next(): Promise<IteratorResult<Uint8Array, undefined>>;
  /** No more will be asked for. */
  end(): void;
}

/** See the head of this file. */
export class ReceivedMessage implements IncomingMessage {
  readonly type: "text" | "binary";
  readonly #context: MessageContext;
  #content: Message | MessageBody | undefined;
  #body: MessageBody | undefined;
  #hasLeft = false;

  /** @param content the whole message, or what is there of it */
  constructor(context: MessageContext, content: Message | MessageBody) {
    this.#context = context;
    this.#content = content;
    if (content instanceof MessageBody) this.type = content.type;
    else this.type = typeof content === "string" ? "text" : "binary";
  }

  get isConsumed(): boolean {
    return this.#content === undefined && !this.#hasLeft;
  }

  /** What is there of it, for whoever consumes it. */
  #take(): Message | MessageBody {
    const content = this.#content;
    if (content === undefined) throw new UsageError(this.#hasLeft ? "message-left" : "message-consumed");
    this.#content = undefined;
    if (content instanceof MessageBody) {
      content.isTaken = true;
      this.#body = content;
    }
    return content;
  }

  /** The same as a body that is read piece by piece. */
  #takeBody(): MessageBody {
    const content = this.#take();
    if (content instanceof MessageBody) return content;
    const body = new MessageBody(this.type, this.#context);
    const octets = typeof content === "string" ? this.#encode(content) : content;
    body.push(octets, 0, octets.byteLength, true);
    body.end();
    this.#body = body;
    return body;
  }

  #encode(content: string): Uint8Array {
    const { text } = this.#context;
    const octets = new Uint8Array(text.byteLength(content));
    text.encodeInto(content, octets, 0);
    return octets;
  }

  /** Its octets for whoever is done with each piece when it asks for the next one. Throws as `stream`. */
  lendPieces(): LentPieces {
    const body = this.#takeBody();
    return { next: () => body.readLent(), end: () => body.discard() };
  }

  stream({ maxBytes }: IncomingMessageOptions = {}): ReadableStream<Uint8Array> {
    const limit = wholeNumber("maxBytes", maxBytes, Number.MAX_SAFE_INTEGER);
    const body = this.#takeBody();
    if (maxBytes !== undefined) body.limitTo(limit);
    return streamOf(body);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    const body = this.#takeBody();
    return {
      next: () => body.read(),
      return: () => {
        body.discard();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  text(options?: IncomingMessageOptions): Promise<string> {
    return this.#whole(options, (content) => {
      if (typeof content === "string") return content;
      const { text } = this.#context;
      if (this.type === "text") return text.decode(content, 0, content.byteLength);
      const decoded = text.decodeChecked(content, 0, content.byteLength);
      if (decoded === undefined) throw new UsageError("binary-not-utf8");
      return decoded;
    });
  }

  bytes(options?: IncomingMessageOptions): Promise<Uint8Array> {
    return this.#whole(options, (content) => (typeof content === "string" ? this.#encode(content) : content));
  }

  json<Value = unknown>(options?: IncomingMessageOptions): Promise<Value> {
    // Nobody else may look at this promise.
    const text = this.text(options);
    return quietly(text.then((json) => JSON.parse(json) as Value));
  }

  #whole<Result>(
    { maxBytes }: IncomingMessageOptions = {},
    read: (content: string | Uint8Array) => Result,
  ): Promise<Result> {
    try {
      const limit = wholeNumber("maxBytes", maxBytes, this.#context.maxMessageBytes);
      const content = this.#take();
      if (content instanceof MessageBody) {
        return quietly(content.collect(limit).then((collected) => read(this.#joined(collected))));
      }
      if (!this.#isWithin(content, limit)) return this.#refuse(content, limit);
      return Promise.resolve(read(content));
    } catch (error) {
      return rejectedQuietly(error as Error);
    }
  }

  #joined({ pieces, byteLength }: Collected): Uint8Array {
    const [first] = pieces;
    if (first !== undefined && pieces.length === 1) return first;
    const whole = this.#context.allocate(byteLength);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.byteLength;
    }
    return whole;
  }

  /** Whether a message that came whole is no longer than `maxBytes`, of text as UTF-8. */
  #isWithin(content: Message, maxBytes: number): boolean {
    // A code unit is three octets at most.
    if (typeof content === "string") {
      return content.length * 3 <= maxBytes || this.#context.text.byteLength(content) <= maxBytes;
    }
    return content.byteLength <= maxBytes;
  }

  #refuse(content: Message, maxBytes: number): Promise<never> {
    this.#content = content;
    const body = this.#takeBody();
    const refused = body.collect(maxBytes) as Promise<unknown> as Promise<never>;
    return quietly(refused);
  }

  discard(): Promise<void> {
    try {
      const content = this.#take();
      if (!(content instanceof MessageBody)) return Promise.resolve();
      content.discard();
      return content.over();
    } catch (error) {
      return rejectedQuietly(error as Error);
    }
  }

  /** The next message is asked for: what has not been consumed of this one will not be. */
  leave(): void {
    const content = this.#content ?? this.#body;
    if (this.#content !== undefined) {
      this.#hasLeft = true;
      this.#content = undefined;
    }
    if (content instanceof MessageBody && !content.isCollecting) content.leave(new UsageError("message-left"));
  }
}

function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

/** A byte stream that reads a body when it is read itself, and holds nothing. */
function streamOf(body: MessageBody): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull: async (controller) => {
      const { done, value } = await body.read();
      if (done !== true) {
        controller.enqueue(value);
        return;
      }
      controller.close();
      // Whoever lent memory to read into gets it back.
      controller.byobRequest?.respond(0);
    },
    cancel: () => body.discard(),
  });
}

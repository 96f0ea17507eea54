/**
 * What a streamed message is made of: web streams and iterables, read the same way.
 */
import { UsageError } from "../protocol/index.js";
import { ReceivedMessage } from "./incoming-message.js";
import type { SendData } from "./socket.js";

/** A web stream that can be read, by its shape: platforms have classes of their own. */
export interface ReadableStreamLike<Chunk> {
  getReader(): {
    read(): Promise<
      { readonly done: false; readonly value: Chunk } | { readonly done: true; readonly value?: Chunk | undefined }
    >;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** What `sendStream` takes. A Node stream is an async iterable. */
export type StreamSource = ReadableStreamLike<SendData> | AsyncIterable<SendData> | Iterable<SendData>;

/** A source that has been taken over. */
export interface ChunkSource {
  /** The next chunk, at once or later. Throws, or rejects with, the source's error. */
  next(): unknown;
  /** Tells the source that no more will be asked of it. Not from within; never throws. */
  end(reason: unknown): void;
}

/**
 * Takes a source over: from now on it is read to its end, or told that it is over.
 *
 * @throws UsageError `invalid-argument` for what is none, and what a stream throws that somebody else reads
 */
export function openSource(source: unknown): ChunkSource {
  // Strings and octets can be iterated over, too, but that is not what anybody means by it.
  if (typeof source !== "object" || source === null || ArrayBuffer.isView(source)) return refuse();
  // A message that is passed on while it comes: chunks are lent here, so that their memory can be used again.
  if (source instanceof ReceivedMessage) {
    const pieces = source.lendPieces();
    return { next: () => pieces.next(), end: () => endLater(() => pieces.end()) };
  }
  if ("getReader" in source && typeof source.getReader === "function") {
    const reader = (source as ReadableStreamLike<unknown>).getReader();
    return { next: () => reader.read(), end: (reason) => endLater(() => reader.cancel(reason)) };
  }
  if (Symbol.asyncIterator in source) return ofIterator((source as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  if (Symbol.iterator in source) return ofIterator((source as Iterable<unknown>)[Symbol.iterator]());
  return refuse();
}

function refuse(): never {
  const hint = "a source must be a ReadableStream, an async iterable or an iterable of chunks";
  throw new UsageError("invalid-argument", undefined, undefined, hint);
}

function ofIterator(iterator: AsyncIterator<unknown> | Iterator<unknown>): ChunkSource {
  return { next: () => iterator.next(), end: () => endLater(() => iterator.return?.()) };
}

/**
 * In a microtask: a generator that is running, since it is what ended the message, cannot be told, and what is told may
 * call the socket again.
 */
function endLater(end: () => unknown): void {
  // What goes wrong while a source cleans up is nobody's to handle here: it is over already, and why has been told.
  Promise.resolve()
    .then(end)
    .catch(() => undefined);
}

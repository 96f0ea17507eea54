/**
 * Messages that come into being in chunks. A platform sends no part of a message, so they are collected first.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";
import type { StreamSource } from "../socket/chunk-source.js";
import type { SendStreamOptions } from "../socket/outgoing-stream.js";
import type { SendData } from "../socket/socket.js";
import { sendable } from "./arguments.js";
import { unsupported } from "./unsupported.js";
import { decode } from "./whole-message.js";

/**
 * Reads a source to its end. A chunk is the source's again when the next one is pulled.
 *
 * @param maxBytes octets that are collected
 * @param isWanted asked with each chunk; when it says no, what is there is returned
 * @throws UsageError `invalid-argument`, `text-not-utf8`, `unsupported-by-platform` for more than `maxBytes`; the source's
 *   error; the signal's reason
 */
export async function collect(
  source: StreamSource,
  { type, signal }: SendStreamOptions,
  maxBytes: number,
  isWanted: () => boolean,
): Promise<string | ArrayBuffer> {
  const parts: Blob[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(source)) {
    signal?.throwIfAborted();
    if (!isWanted()) break;
    const part = sendable(chunk);
    type ??= typeof part === "string" ? "text" : "binary";
    if (type === "binary" && typeof part === "string") {
      throw new PlainUsageError("invalid-argument", undefined, undefined, "text in a binary message");
    }
    // A blob is a copy.
    const blob = new Blob([part]);
    parts.push(blob);
    bytes += blob.size;
    if (bytes > maxBytes) throw unsupported("sendStream beyond maxSendBufferBytes", bytes, maxBytes);
  }
  const octets = await new Blob(parts).arrayBuffer();
  return type === "text" ? decode(octets, "text-not-utf8") : octets;
}

/** Not every platform can iterate over its streams. */
async function* chunksOf(source: StreamSource): AsyncGenerator<SendData, void> {
  // Strings can be iterated over, too, but that is not what anybody means by it.
  if (Object(source) !== source) throw new PlainUsageError("invalid-argument");
  if (!("getReader" in source)) {
    yield* source;
    return;
  }
  const reader = source.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Of one that has ended, or failed, it does nothing.
    reader.cancel().catch(() => undefined);
  }
}

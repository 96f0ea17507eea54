/**
 * What is written to a `WebSocketStream`, as a message: the first steps of its algorithm _write_.
 */
import { toUSVString } from "./web-idl.js";

/** What can be written: a string leaves as a text message, octets as a binary one. Anything else is made a string. */
export type WebSocketStreamChunk = string | ArrayBuffer | ArrayBufferView;

/**
 * Converts a chunk to a message.
 *
 * @param mustCopy whether octets may be read after `send` has returned, and so have to be copied
 * @throws TypeError for memory that is shared or may be resized, and for what cannot be converted to a string
 */
export function messageOf(chunk: unknown, mustCopy: boolean): string | Uint8Array {
  // 4. "If chunk is a BufferSource"
  const octets = octetsOfBufferSource(chunk);
  // 5. "Let string be the result of converting chunk to an IDL USVString."
  if (octets === undefined) return toUSVString(chunk);
  // 4.1. "a copy of the bytes"
  return mustCopy ? Uint8Array.from(octets) : octets;
}

function octetsOfBufferSource(chunk: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(chunk)) {
    checkBuffer(chunk.buffer);
    return octetsAt(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (!isArrayBuffer(chunk)) return undefined;
  checkBuffer(chunk);
  return octetsAt(chunk, 0, chunk.byteLength);
}

function octetsAt(buffer: ArrayBufferLike, offset: number, byteLength: number): Uint8Array {
  // Web IDL: a buffer that was transferred away holds no octets. To view it would throw.
  return byteLength === 0 ? new Uint8Array(0) : new Uint8Array(buffer, offset, byteLength);
}

// By its tag, since a buffer may come from another realm.
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

/** Web IDL: a `BufferSource` without [AllowShared] and [AllowResizable] has neither. */
function checkBuffer(buffer: ArrayBufferLike): void {
  if (!isArrayBuffer(buffer)) throw new TypeError("octets that are written must not lie in shared memory");
  if (Reflect.get(buffer, "resizable") === true) {
    throw new TypeError("octets that are written must not lie in memory that can be resized");
  }
}

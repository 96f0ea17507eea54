/**
 * What can be sent and what is received: octets in the forms that `ws` takes and gives.
 */
import { Buffer } from "node:buffer";

/** No octets. */
export const emptyBuffer: Buffer = Buffer.alloc(0);

// Below this length a loop is done before a view has been made to copy from.
const copiedByLoopBytes = 48;

/** The octets of data, not copied where they lie in memory already. Throws a TypeError, as `Buffer.from` does. */
export function octetsFrom(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data as Uint8Array);
}

/** Whether data is a `Blob`, of whatever realm. */
export function isBlob(data: unknown): data is Blob {
  if (typeof data !== "object" || data === null || !("arrayBuffer" in data)) return false;
  const tag = Object.prototype.toString.call(data);
  return typeof data.arrayBuffer === "function" && (tag === "[object Blob]" || tag === "[object File]");
}

/** Octets that are lent, as a `Buffer` that may be kept. */
export function copyToBuffer(bytes: Uint8Array, start: number, end: number): Buffer {
  const length = end - start;
  if (length === 0) return emptyBuffer;
  const buffer = Buffer.allocUnsafe(length);
  if (length <= copiedByLoopBytes) {
    for (let index = 0; index < length; index++) buffer[index] = bytes[start + index] as number;
  } else {
    buffer.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length));
  }
  return buffer;
}

/** Octets that are ours, as a `Buffer` over them. */
export function asBuffer(bytes: Uint8Array, start: number, end: number): Buffer {
  return start === end ? emptyBuffer : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** The octets of a `Buffer` as an `ArrayBuffer` of their own. */
export function asArrayBuffer({ buffer, byteOffset, byteLength }: Buffer): ArrayBufferLike {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

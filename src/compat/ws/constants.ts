/**
 * What the classes of this room share.
 */
import { Buffer } from "node:buffer";

/** Under which the errors of frames carry the status code that the connection is to be closed with. */
export const statusCode: unique symbol = Symbol("status-code");

/** What is handed out wherever there are no octets: one for all. */
export const emptyBuffer: Buffer = Buffer.alloc(0);

/** The shapes in which binary messages are handed out. */
export type BinaryType = "nodebuffer" | "arraybuffer" | "fragments" | "blob";

/** The octets from `start` to `end`, as a Buffer over the same memory. */
export function bufferOver(bytes: Uint8Array, start = 0, end: number = bytes.byteLength): Buffer {
  return start === end ? emptyBuffer : Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

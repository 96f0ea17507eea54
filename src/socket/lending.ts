/**
 * Messages as views of what was read (`messageMemory: "lent"`).
 */
import type { BufferPool } from "../protocol/index.js";
import type { Delivery } from "./delivery.js";

/** Delivers the octets from `start` to `end` where they lie; what is sent out of them meanwhile is copied. */
export function deliverLent(delivery: Delivery, pool: BufferPool, bytes: Uint8Array, start: number, end: number): void {
  // Another socket's handler may be at work, whose memory is lent, too.
  const before = pool.lentMemory;
  pool.lentMemory = bytes.buffer;
  delivery.deliver(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
  pool.lentMemory = before;
}

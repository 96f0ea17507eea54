/**
 * Binary messages that lie in the chunk that was read: copied out of it, or lent (`messageMemory: "lent"`).
 */
import { copyOctets } from "../protocol/index.js";
import type { SocketContext } from "./context.js";
import type { Delivery } from "./delivery.js";

type LendingContext = Pick<SocketContext<never>, "connection" | "handlers" | "options">;

/** Delivers the octets from `start` to `end` of a chunk. */
export function deliverOutOfChunk(
  delivery: Delivery,
  { connection, handlers, options }: LendingContext,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (options.messageMemory !== "lent" || handlers.message === undefined || !delivery.isIdle) {
    // A copy: the octets belong to the stream, and a view would pin its whole read buffer.
    delivery.deliver(copyOctets(bytes, start, end));
    return;
  }
  const { pool } = connection;
  // Another socket's handler may be at work, whose memory is lent, too. What is sent out of it meanwhile is copied.
  const before = pool.lentMemory;
  pool.lentMemory = bytes.buffer;
  delivery.deliver(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
  pool.lentMemory = before;
}

/**
 * A pool that knows which of its buffers are lent, and spoils what comes back, so that whoever reads a buffer after giving
 * it back is found out.
 */
import { BufferPool } from "#src/protocol/index.js";

export class WatchedPool extends BufferPool {
  readonly #lent = new Set<Uint8Array>();
  /** Buffers given back that were not lent. */
  strangers = 0;

  /** Buffers that have not come back. */
  get lentCount(): number {
    return this.#lent.size;
  }

  override acquire(minBytes: number): Uint8Array {
    const buffer = super.acquire(minBytes);
    this.#lent.add(buffer);
    return buffer;
  }

  override release(buffer: Uint8Array): void {
    if (!this.#lent.delete(buffer)) this.strangers++;
    buffer.fill(0xdd);
    super.release(buffer);
  }
}

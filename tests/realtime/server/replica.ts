/**
 * A state as a client has it that keeps to the protocol.
 */
import assert from "node:assert/strict";
import type { Frame, Peer } from "./world.js";

export class Replica {
  readonly values = new Map<string, unknown>();
  position: string | undefined;
  deltas = 0;
  #isNew = true;

  /** Takes what a peer has read. */
  take(peer: Peer): this {
    for (const frame of peer.frames) this.received(frame);
    peer.frames.length = 0;
    return this;
  }

  received([operation, , ...rest]: Frame): void {
    if (operation === "snap") {
      const [position, entries, isLast] = rest as [string, Frame[], boolean];
      if (this.#isNew) this.values.clear();
      this.#isNew = isLast;
      for (const [key, value] of entries) this.values.set(key as string, value);
      this.position = position;
    } else if (operation === "d") {
      const [position, previous, entries, deleted = []] = rest as [string, string, Frame[], string[]?];
      assert.equal(previous, this.position, "a hole between deltas");
      // A client takes it for one that it has had.
      assert.notEqual(position, previous, "a delta that leads nowhere");
      for (const [key, value] of entries) this.values.set(key as string, value);
      for (const key of deleted) this.values.delete(key);
      this.position = position;
      this.deltas++;
    }
  }

  get sorted(): unknown[] {
    return [...this.values].sort();
  }
}

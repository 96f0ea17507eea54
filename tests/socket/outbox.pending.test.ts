/** What is still being compressed, as far as the way out knows of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferPool } from "#src/protocol/index.js";
import { Outbox } from "#src/socket/outbox.js";
import type { ByteStream, Flushable } from "#src/transport/index.js";

function setUp(takes = true) {
  const writes: number[] = [];
  const stream: ByteStream = {
    remoteAddress: undefined,
    retainsWrites: false,
    queuedBytes: 0,
    write: (segments) => {
      writes.push(segments.reduce((sum, { byteLength }) => sum + byteLength, 0));
      return takes;
    },
    start: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
  };
  const scheduled: Flushable[] = [];
  const told: string[] = [];
  const outbox = new Outbox(new BufferPool(), stream, { schedule: (one) => scheduled.push(one) }, 64 * 1024, {
    outputWritten: () => undefined,
    outputBlocked: () => undefined,
    outputStuck: () => told.push("stuck"),
    outputRoomy: () => told.push("roomy"),
    outputEmpty: () => undefined,
  });
  const endTurn = (): void => {
    for (const flushable of scheduled.splice(0)) flushable.flush();
  };
  return { outbox, writes, told, endTurn };
}

describe("octets that are still being compressed", () => {
  it("count as output that waits", () => {
    const { outbox, told, endTurn } = setUp();
    outbox.pendingBytes = 100_000;
    assert.equal(outbox.bufferedBytes, 100_000);
    assert.equal(outbox.isRoomy, false);
    assert.equal(outbox.flushSoon(), false);
    endTurn();
    assert.deepEqual(told, []);
  });

  it("make those who wait hear of room at the end of the turn in which they are written, be it in its middle", async () => {
    const { outbox, writes, told, endTurn } = setUp();
    outbox.pendingBytes = 100_000;
    assert.equal(outbox.flushSoon(), false);
    const room = outbox.room();
    endTurn();
    // Done, and so long that they are written at once, outside of any turn of the outbox's.
    outbox.pendingBytes = 0;
    outbox.append(new Uint8Array(70_000));
    assert.equal(outbox.flushSoon(), true);
    assert.deepEqual(writes, [70_000]);
    assert.deepEqual(told, [], "not from within");
    endTurn();
    assert.deepEqual(told, ["roomy"]);
    await room;
  });

  it("make them hear where next to nothing is left of them, too", async () => {
    const { outbox, writes, told, endTurn } = setUp();
    outbox.pendingBytes = 100_000;
    outbox.flushSoon();
    const room = outbox.room();
    endTurn();
    outbox.pendingBytes = 0;
    outbox.append(new Uint8Array(10));
    outbox.flushSoon();
    endTurn();
    assert.deepEqual([writes, told], [[10], ["roomy"]]);
    await room;
  });

  it("make them wait on where the stream does not take them", () => {
    const { outbox, told, endTurn } = setUp(false);
    outbox.pendingBytes = 100_000;
    outbox.flushSoon();
    endTurn();
    outbox.pendingBytes = 0;
    outbox.append(new Uint8Array(70_000));
    assert.equal(outbox.flushSoon(), false);
    endTurn();
    assert.deepEqual(told, ["stuck"]);
    outbox.drained();
    assert.deepEqual(told, ["stuck", "roomy"]);
  });
});

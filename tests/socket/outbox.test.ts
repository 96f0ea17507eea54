import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BufferPool, SharedOctets } from "#src/protocol/index.js";
import { Outbox } from "#src/socket/outbox.js";
import type { ByteStream, Flushable } from "#src/transport/index.js";
import { concat, hexOf, octets } from "../support/octets.js";

/** A stream that writes down what it is given, and takes it or does not. */
class Sink implements ByteStream {
  readonly remoteAddress = undefined;
  readonly queuedBytes = 0;
  readonly retainsWrites: boolean;
  readonly writes: string[] = [];
  readonly segments: Uint8Array[] = [];
  takes = true;

  constructor(retainsWrites: boolean) {
    this.retainsWrites = retainsWrites;
  }

  write(segments: readonly Uint8Array[]): boolean {
    this.segments.push(...segments);
    const bytes = concat(...segments);
    this.writes.push(bytes.byteLength > 20 ? `${String(bytes.byteLength)} octets` : hexOf(bytes));
    return this.takes;
  }

  start(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

function setUp(highWaterMarkBytes = 10, retainsWrites = false) {
  const stream = new Sink(retainsWrites);
  const scheduled: Flushable[] = [];
  const told: string[] = [];
  const written: number[] = [];
  const pool = new BufferPool();
  const outbox = new Outbox(pool, stream, { schedule: (flushable) => scheduled.push(flushable) }, highWaterMarkBytes, {
    outputWritten: (byteLength) => written.push(byteLength),
    outputBlocked: (isBlocked) => told.push(isBlocked ? "blocked" : "unblocked"),
    outputStuck: () => told.push("stuck"),
    outputRoomy: () => told.push("roomy"),
    outputEmpty: () => told.push("empty"),
  });
  return {
    outbox,
    stream,
    scheduled,
    told,
    written,
    pool,
    /** Sends, as the socket does. */
    send: (hex: string | Uint8Array): boolean => {
      const bytes = typeof hex === "string" ? octets(hex) : hex;
      outbox.reserve(bytes.length).set(bytes, outbox.position);
      outbox.position += bytes.length;
      return outbox.flushSoon();
    },
    endTurn: (): void => {
      for (const flushable of scheduled.splice(0)) flushable.flush();
    },
  };
}

describe("the outbox", () => {
  it("writes once, when the turn is over, and asks for that once", () => {
    const { send, endTurn, stream, scheduled, told, outbox } = setUp();
    assert.equal(send("01"), true);
    assert.equal(send("02"), true);
    assert.deepEqual([scheduled.length, stream.writes.length, outbox.bufferedBytes], [1, 0, 2]);
    endTurn();
    assert.deepEqual(stream.writes, ["0102"]);
    // Nobody was told that there was no room.
    assert.deepEqual(told, ["empty"]);
    assert.deepEqual([outbox.bufferedBytes, outbox.isEmpty], [0, true]);
    send("03");
    endTurn();
    assert.deepEqual(stream.writes, ["0102", "03"]);
  });

  it("writes in the middle of a turn when much has collected, and tells of room when that is over", () => {
    const { send, endTurn, stream, told } = setUp();
    assert.equal(send(new Uint8Array(20)), false);
    assert.equal(send(new Uint8Array(70_000)), true);
    assert.deepEqual(stream.writes, ["70020 octets"]);
    assert.deepEqual(told, ["empty"]);
    endTurn();
    assert.deepEqual(told, ["empty", "empty", "roomy"]);
  });

  it("waits while the stream takes nothing, and goes on in order when it has drained", () => {
    const { send, endTurn, stream, told, outbox } = setUp();
    stream.takes = false;
    send("01");
    endTurn();
    assert.deepEqual([outbox.isStuck, outbox.isRoomy, outbox.isEmpty, outbox.bufferedBytes], [true, true, false, 1]);
    send(new Uint8Array(70_000));
    send("03");
    endTurn();
    assert.deepEqual(stream.writes, ["01"]);
    stream.takes = true;
    outbox.drained();
    assert.deepEqual(stream.writes, ["01", "70001 octets"]);
    assert.deepEqual(told, ["blocked", "unblocked", "empty", "roomy"]);
    // There was nothing under way.
    outbox.drained();
    assert.deepEqual(told.length, 4);
  });

  it("tells of the octets of each write, whether the stream takes them or not, and leaves out those of the handshake", () => {
    const { send, endTurn, stream, written, outbox } = setUp();
    outbox.begin(octets("aabbcc"));
    send("01");
    endTurn();
    assert.deepEqual([stream.writes, written], [["aabbcc01"], [1]]);
    stream.takes = false;
    send("0203");
    endTurn();
    assert.deepEqual(written, [1, 2]);
    send("04");
    stream.takes = true;
    outbox.drained();
    assert.deepEqual(written, [1, 2, 1]);
  });

  it("says that it is stuck when what the stream does not take is above the high-water mark", () => {
    const { send, endTurn, stream, told, outbox } = setUp();
    stream.takes = false;
    assert.equal(send(new Uint8Array(11)), false);
    endTurn();
    assert.deepEqual(told, ["blocked", "stuck"]);
    outbox.drained();
    assert.deepEqual(told, ["blocked", "stuck", "unblocked", "empty", "roomy"]);
  });

  it("resolves those who wait for room when there is some, each once", async () => {
    const { send, endTurn, stream, outbox, told } = setUp();
    await outbox.room();
    stream.takes = false;
    send(new Uint8Array(11));
    const waiting = [outbox.room(), outbox.room()];
    endTurn();
    stream.takes = true;
    outbox.drained();
    await Promise.all(waiting);
    await outbox.room();
    assert.equal(told.filter((what) => what === "roomy").length, 1);
  });

  it("writes nothing any more when it has stopped, and rejects those who wait at its end", async () => {
    const { send, endTurn, stream, told, outbox, pool } = setUp();
    send(new Uint8Array(11));
    const before = outbox.room();
    outbox.stop();
    assert.deepEqual([outbox.bufferedBytes, pool.idleCount], [0, 1]);
    const after = outbox.room();
    endTurn();
    send(new Uint8Array(70_000));
    endTurn();
    outbox.end(() => new Error("over"));
    await assert.rejects(before, /over/u);
    await assert.rejects(after, /over/u);
    assert.deepEqual([stream.writes, told, outbox.bufferedBytes], [[], [], 0]);
  });

  it("drops what is under way at its end, and does not use that memory again", () => {
    const { send, endTurn, stream, outbox, pool } = setUp();
    stream.takes = false;
    send("01");
    endTurn();
    outbox.end(() => assert.fail("nobody waits"));
    assert.deepEqual([outbox.bufferedBytes, outbox.isEmpty, pool.idleCount], [0, true, 0]);
  });

  for (const retainsWrites of [false, true]) {
    it(retainsWrites ? "leaves memory to a stream that passes it on" : "uses memory again when it has left", () => {
      const { send, endTurn, stream, outbox, pool } = setUp(10, retainsWrites);
      send("01");
      endTurn();
      assert.equal(pool.idleCount, retainsWrites ? 0 : 1);
      stream.takes = false;
      send("02");
      endTurn();
      assert.equal(pool.idleCount, 0);
      outbox.drained();
      assert.equal(pool.idleCount, retainsWrites ? 0 : 1);
    });
  }

  it("refers to what many connections send, but keeps no more of it than it needs while the stream takes nothing", () => {
    const { outbox, stream, endTurn } = setUp(1_000_000);
    const shared = new SharedOctets(new Uint8Array(64 * 1024));
    const publish = (start: number, end: number): void => {
      outbox.appendShared(shared, start, end);
      outbox.flushSoon();
    };
    const refersToShared = (): boolean[] =>
      stream.segments.splice(0).map(({ buffer }) => buffer === shared.bytes.buffer);
    publish(0, 100);
    stream.takes = false;
    endTurn();
    assert.deepEqual(refersToShared(), [true]);
    publish(200, 2200);
    publish(3000, 3100);
    publish(10_000, 40_000);
    stream.takes = true;
    outbox.drained();
    assert.deepEqual(refersToShared(), [false, true]);
    publish(0, 2000);
    endTurn();
    assert.deepEqual(refersToShared(), [true]);
  });
});

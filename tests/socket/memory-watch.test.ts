import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProtocolError } from "#src/protocol/index.js";
import { type MemoryHolder, MemoryWatch, memoryWatchOf } from "#src/socket/memory-watch.js";
import { FakeClock } from "../support/fake-clock.js";

class Holder implements MemoryHolder {
  readonly maxMemoryBytes: number;
  countedBytes = 0;
  heldBytes = 0;
  /** Memory that it shares with others, with its octets. */
  shared: { readonly buffer: ArrayBuffer; readonly bytes: number } | undefined;
  isReading = true;
  hasEntered = false;
  error: ProtocolError | undefined;

  constructor(maxMemoryBytes = 1000) {
    this.maxMemoryBytes = maxMemoryBytes;
  }

  get isHolding(): boolean {
    return this.heldBytes > 0;
  }

  countHeldBytes(counted: Set<ArrayBufferLike>): number {
    if (this.shared === undefined) return this.heldBytes;
    const isCounted = counted.has(this.shared.buffer);
    counted.add(this.shared.buffer);
    return isCounted ? this.heldBytes - this.shared.bytes : this.heldBytes;
  }

  released(): void {
    this.hasEntered = false;
  }

  stopReading(): void {
    this.isReading = false;
  }

  readOn(): void {
    this.isReading = true;
  }

  shed(error: ProtocolError): void {
    this.error = error;
    this.heldBytes = 0;
  }
}

function create() {
  const clock = new FakeClock();
  const watch = new MemoryWatch({ deadlines: clock });
  const hold = (holder: Holder, bytes: number): void => {
    holder.heldBytes = bytes;
    if (!holder.hasEntered) watch.enter(holder);
    holder.hasEntered = true;
    watch.count(holder);
  };
  const holders = Array.from({ length: 5 }, () => new Holder());
  const told = (): string[] =>
    holders.map(({ isReading, error }) => (error !== undefined ? "closed" : isReading ? "reads" : "stopped"));
  return { clock, watch, hold, holders: holders as [Holder, Holder, Holder, Holder, Holder], told };
}

describe("the memory of all connections", () => {
  it("is what each holds, which is asked again once a second", () => {
    const { clock, watch, hold, holders } = create();
    hold(holders[0], 100);
    hold(holders[1], 50);
    assert.equal(watch.heldBytes, 150);
    hold(holders[0], 30);
    assert.equal(watch.heldBytes, 80);
    holders[1].heldBytes = 70;
    clock.advance(1000);
    assert.equal(watch.heldBytes, 100);
    watch.leave(holders[0]);
    assert.equal(watch.heldBytes, 70);
  });

  it("is nobody's business, and has no timer, when nothing is held", () => {
    const { clock, watch, hold, holders } = create();
    hold(holders[0], 100);
    hold(holders[1], 100);
    holders[0].heldBytes = 0;
    clock.advance(1000);
    assert.deepEqual([holders[0].hasEntered, holders[1].hasEntered], [false, true]);
    assert.equal(clock.pendingTimers, 1);
    watch.leave(holders[1]);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(watch.heldBytes, 0);
  });

  it("counts once what several share", () => {
    const { watch, hold, holders, told } = create();
    const shared = { buffer: new ArrayBuffer(300), bytes: 300 };
    for (const holder of holders) {
      holder.shared = shared;
      hold(holder, 310);
    }
    assert.deepEqual(told(), ["reads", "reads", "reads", "reads", "reads"]);
    assert.equal(watch.heldBytes, 350);
  });

  it("stops reading from the heaviest at three quarters of the limit, and reads on when it is less again", () => {
    const { clock, hold, holders, told } = create();
    hold(holders[0], 50);
    hold(holders[1], 400);
    hold(holders[2], 100);
    hold(holders[3], 200);
    assert.deepEqual(told(), ["reads", "reads", "reads", "reads", "reads"]);
    hold(holders[4], 50);
    assert.deepEqual(told(), ["reads", "stopped", "reads", "reads", "reads"]);
    holders[1].heldBytes = 300;
    clock.advance(1000);
    assert.deepEqual(told(), ["reads", "reads", "reads", "reads", "reads"]);
  });

  it("keeps who was stopped, also with nothing left, until it may read on", () => {
    const { clock, hold, holders, told } = create();
    hold(holders[0], 500);
    hold(holders[1], 300);
    assert.deepEqual(told().slice(0, 2), ["stopped", "reads"]);
    holders[0].heldBytes = 0;
    holders[1].heldBytes = 800;
    clock.advance(1000);
    assert.deepEqual(told().slice(0, 2), ["stopped", "stopped"]);
    holders[1].heldBytes = 100;
    clock.advance(1000);
    assert.deepEqual(told().slice(0, 2), ["reads", "reads"]);
  });

  it("is cut down beyond the limit: the heaviest are closed with 1013, as few as it takes", () => {
    const { hold, holders, told, watch } = create();
    hold(holders[0], 100);
    hold(holders[1], 300);
    hold(holders[2], 150);
    hold(holders[3], 190);
    hold(holders[4], 500);
    assert.deepEqual(told(), ["reads", "reads", "reads", "reads", "closed"]);
    const { error } = holders[4];
    assert.deepEqual(
      [error?.code, error?.closeCode, error?.observed, error?.limit],
      ["process-memory", 1013, 1240, 1000],
    );
    assert.equal(watch.heldBytes, 740);
  });

  it("is cut down, too, when stopping to read has not helped for ten seconds", () => {
    const { clock, hold, holders, told } = create();
    hold(holders[0], 400);
    hold(holders[1], 300);
    hold(holders[2], 100);
    clock.advance(9000);
    assert.deepEqual(told().slice(0, 3), ["stopped", "reads", "reads"]);
    clock.advance(1000);
    assert.deepEqual(told().slice(0, 3), ["closed", "reads", "reads"]);
  });

  it("is limited by the smallest limit of those who hold something", () => {
    const { watch, hold, told, holders } = create();
    const strict = new Holder(400);
    hold(holders[0], 390);
    assert.deepEqual(told()[0], "reads");
    hold(strict, 5);
    assert.deepEqual(told()[0], "stopped");
    watch.leave(strict);
    hold(holders[1], 100);
    assert.deepEqual(told()[0], "reads");
  });

  it("is one for everybody on a platform", () => {
    const platform = { deadlines: new FakeClock() };
    assert.equal(memoryWatchOf(platform), memoryWatchOf(platform));
    assert.notEqual(memoryWatchOf(platform), memoryWatchOf({ ...platform }));
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { WindowLease, WindowMemory } from "#src/protocol/extensions/window-memory.js";

class Sender {
  readonly lease = new WindowLease(this);
  timesForgotten = 0;

  forgotten(): void {
    this.timesForgotten++;
  }
}

describe("the memory of windows", () => {
  it("has room for 11,500 connections by default", () => {
    assert.ok(new WindowMemory().maxBytes >= 11_500 * 2 * 4352);
  });

  it("is lent to senders until they give it back", () => {
    const memory = new WindowMemory(1000);
    const sender = new Sender();
    assert.ok(memory.use(sender.lease, 400));
    assert.ok(memory.use(sender.lease, 600));
    assert.equal(memory.lentBytes, 600);
    assert.equal(memory.lentCount, 1);
    memory.release(sender.lease);
    memory.release(sender.lease);
    assert.equal(memory.lentBytes, 0);
    assert.equal(memory.lentCount, 0);
    assert.equal(sender.timesForgotten, 0);
  });

  it("lets those forget that have not sent for the longest time", () => {
    const memory = new WindowMemory(1000);
    const [first, second, third] = [new Sender(), new Sender(), new Sender()];
    memory.use(first.lease, 400);
    memory.use(second.lease, 400);
    memory.use(first.lease, 400);
    assert.ok(memory.use(third.lease, 400));
    assert.deepEqual(
      [first, second, third].map(({ timesForgotten }) => timesForgotten),
      [0, 1, 0],
    );
    assert.equal(memory.lentBytes, 800);
    assert.equal(memory.forgottenCount, 1);
  });

  it("never takes from a sender what it is about to use", () => {
    const memory = new WindowMemory(1000);
    const [first, second] = [new Sender(), new Sender()];
    memory.use(first.lease, 400);
    memory.use(second.lease, 400);
    assert.ok(memory.use(first.lease, 900));
    assert.equal(first.timesForgotten, 0);
    assert.equal(second.timesForgotten, 1);
    assert.equal(memory.lentBytes, 900);
    assert.equal(memory.use(first.lease, 1001), false);
    assert.equal(memory.lentBytes, 900);
  });

  it("is reserved for receivers, for whom senders make room", () => {
    const memory = new WindowMemory(1000);
    const [first, second] = [new Sender(), new Sender()];
    memory.use(first.lease, 300);
    memory.use(second.lease, 300);
    assert.ok(memory.reserve(600));
    assert.equal(first.timesForgotten, 1);
    assert.equal(second.timesForgotten, 0);
    assert.equal(memory.reservedBytes, 600);
    assert.equal(memory.reserve(401), false);
    assert.equal(second.timesForgotten, 0);
    assert.ok(memory.reserve(400));
    assert.equal(second.timesForgotten, 1);
    assert.equal(memory.use(first.lease, 1), false);
    memory.unreserve(1000);
    assert.ok(memory.use(first.lease, 1000));
  });

  it("shrinks when its limit does", () => {
    const memory = new WindowMemory(1000);
    const sender = new Sender();
    memory.reserve(500);
    memory.use(sender.lease, 500);
    memory.maxBytes = 700;
    assert.equal(sender.timesForgotten, 1);
    assert.equal(memory.lentBytes, 0);
    assert.equal(memory.reserve(201), false);
  });

  it("is never exceeded, and adds up, whatever happens", () => {
    const action = fc.record({
      who: fc.nat(5),
      bytes: fc.nat(500),
      what: fc.constantFrom("use", "release", "reserve"),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const memory = new WindowMemory(1000);
        const senders = Array.from({ length: 6 }, () => new Sender());
        let reserved = 0;
        for (const { who, bytes, what } of actions) {
          const { lease } = senders[who]!;
          if (what === "use") memory.use(lease, Math.max(lease.bytes, bytes + 1));
          else if (what === "release") memory.release(lease);
          else if (memory.reserve(bytes)) reserved += bytes;
          if (reserved > 600) {
            memory.unreserve(reserved);
            reserved = 0;
          }
          const lent = senders.map((sender) => sender.lease.bytes);
          assert.equal(
            memory.lentBytes,
            lent.reduce((sum, held) => sum + held, 0),
          );
          assert.equal(memory.lentCount, lent.filter((held) => held > 0).length);
          assert.equal(memory.reservedBytes, reserved);
          assert.ok(memory.lentBytes + memory.reservedBytes <= 1000);
        }
      }),
    );
  });
});
